import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '#src/ledger.js';
import type { Photo, SampleRecord } from '#src/records.js';
import type { PartialSummary } from '#src/summary.js';
import { readTruth } from '#src/synth/truth.js';
import { jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';
import { absent, SAMPLE } from '../shared.js';

const RECIPES = join(fileURLToPath(new URL('../..', import.meta.url)), 'recipes');
let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('labels');
});
afterAll(() => folder.dispose());

async function curated(recipe: string, source: string, ...set: string[]) {
  const out = join(folder.path, `${recipe}-run-${set.length}`);
  const settings = set.flatMap((one) => ['--set', one]);
  const args = ['--recipe', join(RECIPES, `${recipe}.yaml`), '--source', source, '--out', out, '-q'];
  const { code, stderr } = await pipeline(['curate', ...args, ...settings]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const task = recipe;
  const summary = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as PartialSummary;
  const samples = jsonLines<SampleRecord>(await readFile(join(out, `samples-${task}.jsonl`), 'utf8'));
  const ledger = jsonLines<LedgerEntry>(gunzipSync(await readFile(join(out, 'ledger.jsonl.gz'))).toString());
  return { task: summary.tasks[task]!, samples, ledger };
}

const labelsOf = (samples: readonly SampleRecord[]) => [...new Set(samples.map(({ label }) => label))].sort();

describe('the recipes for other attributes, on a synthetic dump', () => {
  let dump: string;
  // The image table is trusted: colours are in the listings.
  const fast = ['source.photos=none'];
  beforeAll(async () => {
    dump = join(folder.path, 'dump');
    const { code } = await pipeline(['synth', '--out', dump, '--listings', '400', '-q']);
    expect(code).toBe(0);
  });

  it('read each plain product’s colour as the truth says', async () => {
    const colors = new Map<string, string>();
    for await (const line of readTruth(dump)) {
      // Other traits make listings of one photo disagree, on purpose.
      if (line.kind !== 'product' || (line.trait !== 'plain' && line.trait !== 'shared')) continue;
      for (const { path, color } of line.photos) colors.set(path, color!.toLowerCase());
    }
    const { samples, task } = await curated('color', dump, ...fast, 'tasks.color.minPerClass=1');
    expect(task.unmapped).toEqual({ photos: 0, values: 0, most: [] });
    const checked = samples.filter(({ path }) => colors.has(path));
    expect(checked.length).toBeGreaterThan(200);
    for (const { path, label } of checked) expect([path, label]).toEqual([path, colors.get(path)]);
    expect(labelsOf(samples)).toHaveLength(10);
  });

  it('show each of its eight brands once, and bin weights in one unit', async () => {
    const brands = await curated('brand', dump, ...fast, 'tasks.brand.minPerClass=1');
    expect(labelsOf(brands.samples)).toHaveLength(8);
    const weights = await curated('weight', dump, ...fast);
    expect(labelsOf(weights.samples)).toHaveLength(5);
    expect(labelsOf(weights.samples).every((label) => / kilograms/.test(label))).toBe(true);
  });

  it('bin three sizes in one run, each with its own classes', async () => {
    const out = join(folder.path, 'size-run');
    const args = ['--recipe', join(RECIPES, 'size.yaml'), '--source', dump, '--out', out, '-q'];
    const { code, stderr } = await pipeline(['curate', ...args, '--set', 'source.photos=none']);
    expect([code, stderr]).toEqual([0, '']);
    const { tasks } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as PartialSummary;
    expect(Object.keys(tasks)).toEqual(['height', 'length', 'width']);
    expect(tasks['height']!.classes).toBeGreaterThanOrEqual(4);
    expect(tasks['length']!.classes).toBe(5);
    const samples = jsonLines<SampleRecord>(await readFile(join(out, 'samples-height.jsonl'), 'utf8'));
    expect(labelsOf(samples).every((label) => / centimeters/.test(label))).toBe(true);
  });

  it('group product types by the tree that comes with the product', async () => {
    const { samples, task } = await curated('category', dump, ...fast);
    expect(labelsOf(samples)).toContain('SEATING');
    expect(labelsOf(samples)).not.toContain('CHAIR');
    for (const { label, middle } of samples) expect(label).toBe(middle);
    expect(task.tree!.classesWithNodes).toBe(task.tree!.classes);
    // Its shop sorts as ours does, but for lamps and rugs.
    expect(task.tree!.agreement.coarse).toBeGreaterThan(0.7);
  });

  it('merge its materials of seven languages', async () => {
    const { samples } = await curated('material', dump, ...fast, 'tasks.material.minPerClass=1');
    expect(labelsOf(samples)).toEqual(['Cotton', 'Leather', 'Metal', 'Plastic', 'Wood']);
  });
});

describe('a handmade dump', () => {
  let dump: string;
  beforeAll(async () => {
    dump = join(folder.path, 'handmade');
    const texts = (value: string, language = 'en_US') => ({ language_tag: language, value });
    const rows = [
      listing('A', 'SHOES', 'a', { color: [texts('Schwarz', 'de_DE'), texts('Noir', 'fr_FR')] }),
      listing('B', 'SHOES', 'b', { color: [texts('Leopard')] }),
      listing('C', 'SHOES', 'c', { color: [texts('Leopard')] }),
      listing('D', 'SHOES', 'd', { color: [texts('Blau', 'de_DE'), texts('Red')] }),
      listing('E', 'SHOES', 'e'),
    ];
    const images = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }));
    await writeDump(dump, { shards: { 'listings_0.json.gz': rows }, images });
  });

  it('names what could not be read in the summary and the ledger, and prefers the recipe’s languages', async () => {
    const small = ['source.photos=none', 'tasks.color.minPerClass=1', 'split.validation=0', 'split.test=0.5'];
    const english = await curated('color', dump, ...small);
    expect(labelsOf(english.samples)).toEqual(['black', 'red']);
    expect(english.task.unmapped).toEqual({ photos: 2, values: 1, most: [{ value: 'Leopard', photos: 2 }] });
    const fates = english.ledger
      .filter(({ stage }) => stage === 'label')
      .map(({ key, fate, reason }) => [key, fate, reason])
      .sort();
    expect(fates).toEqual([
      ['b', 'dropped', 'label-unmapped'],
      ['c', 'dropped', 'label-unmapped'],
      ['e', 'dropped', 'label-missing'],
    ]);
    const german = await curated('color', dump, ...small, 'language=[de_*, fr_*]');
    expect(labelsOf(german.samples)).toEqual(['black', 'blue']);
  });

  it('comes to the same in single filters', async () => {
    const chain = async (name: string, input: string, ...args: string[]) => {
      const { code, stdout, stderr } = await pipeline([name, '-q', ...args], { input });
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    const rows = gunzipSync(await readFile(join(dump, 'listings/metadata/listings_0.json.gz'))).toString();
    const views = await chain('explode', await chain('parse', rows));
    const joined = await chain('join', views, '--source', dump, '--photos', 'none');
    const photos = await chain('deduplicate', joined, '--photos', 'none', '--language', 'de_*,*');
    expect(jsonLines<Photo>(photos)[0]?.details?.['color']).toEqual({
      language: 'de_DE',
      variants: ['Noir'],
    });
    const options = ['--task', 'color', '--normalise', '{kind: color}', '--missing', 'none'];
    const labelled = jsonLines<SampleRecord>(await chain('label', photos, ...options));
    expect(labelled.map(({ imageId, label }) => [imageId, label])).toEqual([
      ['a', 'black'],
      ['d', 'blue'],
      ['e', 'none'],
    ]);
    const refused = await pipeline(['label', '--task', 'color', '--normalise', 'colour'], { input: '' });
    expect(refused.code).toBe(2);
  });
});

describe.skipIf(absent(SAMPLE))('the real sample', () => {
  it('has 17 colours and several, and says what could not be read', async () => {
    const { task, samples } = await curated(
      'color',
      SAMPLE,
      'source.photos=none',
      'tasks.color={normalise: {kind: color}}',
    );
    expect(labelsOf(samples)).toHaveLength(18);
    expect(samples.length + task.unmapped!.photos).toBe(7995);
    expect(task.unmapped!.photos).toBeLessThan(0.07 * 7995);
    expect(task.unmapped!.most[0]).toEqual({ value: 'others', photos: 84 });
  });

  it('has fewer brands than writings of them', async () => {
    const settings = ['source.photos=none', 'tasks.brand.minPerClass=1'];
    const { samples } = await curated('brand', SAMPLE, ...settings, 'tasks.brand={normalise: {kind: brand}}');
    const labels = labelsOf(samples);
    // 84 writings; by case and punctuation six are another's: find., Umi., Eono, Starter, Red Wagon, Solimo.
    expect(labels).toHaveLength(78);
    expect(labels).toContain('find.');
    expect(labels).not.toContain('Umi.');
  });
});
