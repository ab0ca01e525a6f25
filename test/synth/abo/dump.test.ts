import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LISTING_KEYS } from '#src/explore/keys.js';
import { loadRecipe } from '#src/recipe-file.js';
import { aboSource } from '#src/sources/abo.js';
import { curate } from '#src/steps/curate.js';
import { synthesizeAbo } from '#src/synth/abo/dump.js';
import type { AboTruthLine, AboTruthTotals, AboTruthType } from '#src/synth/abo/truth.js';
import { isSyntheticDump, readTruth } from '#src/synth/truth.js';
import { collect, testContext } from '../../context.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';

/** A fiftieth of ABO. */
const LISTINGS = 2954;
const RECIPES = new URL('../../../recipes/', import.meta.url).pathname;
const { signal } = new AbortController();

type Row = Record<string, unknown> & { main_image_id?: string; other_image_id?: string[] };

let folder: { path: string; dispose(): Promise<void> };
let dump = '';
let totals: AboTruthTotals;
let types: AboTruthType[] = [];
let rows: Row[] = [];

beforeAll(async () => {
  folder = await temporaryFolder('abo-shape');
  dump = join(folder.path, 'dump');
  totals = await synthesizeAbo({ out: dump, listings: LISTINGS, seed: 1, signal });
  const truth = await collect(readTruth<AboTruthLine>(dump));
  types = truth.filter((line) => line.kind === 'type');
  rows = (await linesOf('listings/metadata')).map((line) => JSON.parse(line) as Row);
});

afterAll(() => folder.dispose());

/** The lines of a folder's files, in the order of their names. */
async function linesOf(path: string, root = dump): Promise<string[]> {
  const names = (await readdir(join(root, path))).sort();
  const files = await Promise.all(names.map((name) => readFile(join(root, path, name))));
  return files.flatMap((file) => gunzipSync(file).toString().trimEnd().split('\n'));
}

const typeOf = ({ product_type: type }: Row): string | undefined =>
  Array.isArray(type) ? (type as { value: string }[])[0]!.value : (type as string | undefined);

describe('the files', () => {
  it('are a synthetic dump that says so, without photos', async () => {
    expect(await isSyntheticDump(dump)).toBe(true);
    expect(await readdir(join(dump, 'images/small'))).toEqual([]);
    expect(await readFile(join(dump, 'README.md'), 'utf8')).toMatch(
      /synthetic[\s\S]*No row is a real listing/,
    );
  });

  it('are the same for the same seed, and others for another', async () => {
    const again = join(folder.path, 'again');
    const both = async (root: string) => [
      await linesOf('listings/metadata', root),
      await linesOf('images/metadata', root),
    ];
    await synthesizeAbo({ out: again, listings: LISTINGS, seed: 1, signal });
    expect(await both(again)).toEqual(await both(dump));
    await synthesizeAbo({ out: again, listings: LISTINGS, seed: 2, signal });
    const other = await both(again);
    for (const [at, lines] of (await both(dump)).entries())
      expect(other[at]!.slice(1)).not.toEqual(lines.slice(1));
  });

  it('have shards of equally many lines, and a table with each image once, orphans too', async () => {
    const shards = await readdir(join(dump, 'listings/metadata'));
    expect(shards).toHaveLength(16);
    const lines = await Promise.all(
      shards.sort().map(async (name) => {
        const text = gunzipSync(await readFile(join(dump, 'listings/metadata', name))).toString();
        return text.split('\n').length - 1;
      }),
    );
    expect(lines).toEqual([...Array<number>(15).fill(185), LISTINGS - 15 * 185]);
    const [header, ...table] = await linesOf('images/metadata');
    expect(header).toBe('image_id,height,width,path');
    for (const line of table) expect(line).toMatch(/^\w{11},\d+,\d+,(\w\w)\/\1\w{6}\.jpg$/);
    const ids = new Set(table.map((line) => line.split(',')[0]!));
    expect([table.length, ids.size]).toEqual([totals.tableRows, totals.tableRows]);
    for (const row of rows) {
      for (const id of [row.main_image_id, ...(row.other_image_id ?? [])]) {
        if (id !== undefined) expect(ids.delete(id) || !ids.has(id)).toBe(true);
      }
    }
    expect(ids.size).toBe(totals.orphans);
  });

  it('have all of ABO’s keys, several languages, and no key of their own', () => {
    const keys = new Set(rows.flatMap((row) => Object.keys(row)));
    expect([...keys].sort()).toEqual([...LISTING_KEYS].sort());
    const tags = new Set(
      rows.flatMap(({ item_name: name }) =>
        (name as { language_tag?: string }[]).map((one) => one.language_tag),
      ),
    );
    expect(tags.size).toBeGreaterThan(8);
    expect(tags).toContain(undefined);
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(rows.length);
  });
});

describe('the truth', () => {
  it('is what the rows say, by every rule', () => {
    const said = new Map<string, { main: string[]; other: string[] }>();
    const views = new Map<string | null, number>();
    for (const row of rows) {
      const type = typeOf(row);
      const own = [
        ...(row.main_image_id === undefined ? [] : [row.main_image_id]),
        ...(row.other_image_id ?? []),
      ];
      views.set(type ?? null, (views.get(type ?? null) ?? 0) + own.length);
      for (const image of own) {
        const seen = said.get(image) ?? { main: [], other: [] };
        said.set(image, seen);
        if (type !== undefined) seen[image === row.main_image_id ? 'main' : 'other'].push(type);
      }
    }
    const found = new Map(types.map(({ name }) => [name, { first: 0, last: 0, majority: 0 }]));
    for (const { main, other } of said.values()) {
      const all = [...main, ...other];
      const often = (type: string) => all.filter((one) => one === type).length;
      const majority = [...new Set(all)].sort((a, b) => often(b) - often(a))[0];
      found.get(all[0] ?? null)!.first += 1;
      found.get(all.at(-1) ?? null)!.last += 1;
      found.get(majority ?? null)!.majority += 1;
    }
    for (const { name, listings, photos } of types) {
      expect(photos, String(name)).toEqual({ ...found.get(name), views: views.get(name) ?? 0 });
      expect(listings).toBe(rows.filter((row) => (typeOf(row) ?? null) === name).length);
    }
    expect(totals.listingsWithoutType).toBe(rows.filter((row) => typeOf(row) === undefined).length);
  });
});

describe('curation', () => {
  /** What a recipe makes of the dump at its size. */
  async function curated(name: string, ...sets: string[]) {
    const { minPerClass, cap } = totals.v2;
    const recipe = await loadRecipe(join(RECIPES, `${name}.yaml`), [
      'source.photos=none',
      `tasks.product_type.minPerClass=${minPerClass}`,
      `tasks.product_type.cap=${cap}`,
      ...sets,
    ]);
    const run = await mkdtemp(join(folder.path, 'run-'));
    const context = testContext();
    const source = await aboSource({ dir: dump });
    const { tasks } = await curate({ recipe, tasks: ['product_type'], source, run, context });
    const stage = (name: string) => context.counts.find((counts) => counts.name === name)!;
    const { natural, samples } = tasks['product_type']!;
    const classes = Object.keys(natural).length;
    return { stage, outcome: { classes, photos: stage('label').out, capped: samples } };
  }

  it('gives V2’s classes, photos and capped photos by both of its recipes', async () => {
    const { first } = totals.v2;
    expect(first.classes).toBe(34);
    const { outcome, stage } = await curated('v2-faithful');
    expect(outcome).toEqual(first);
    expect(stage('parse')).toMatchObject({ in: LISTINGS, out: LISTINGS });
    expect(stage('explode')).toMatchObject({ out: totals.views, dropped: totals.listingsWithoutImage });
    expect(stage('join')).toMatchObject({ out: totals.views, orphans: totals.orphans });
    expect(stage('deduplicate').out).toBe(totals.tableRows - totals.orphans);
    expect((await curated('v2')).outcome).toEqual(first);
  });

  it('gives other numbers by the majority of the views, and those of the truth', async () => {
    const { first, majority } = totals.v2;
    expect(majority).not.toEqual(first);
    expect((await curated('v2-faithful', 'conflicts=majority')).outcome).toEqual(majority);
  });

  it('gives the 42 classes of V1’s reconstruction', async () => {
    expect((await curated('v1')).outcome.classes).toBe(42);
  });
});

it('refuses too few listings, and leaves a folder alone that holds something else', async () => {
  const small = synthesizeAbo({ out: join(folder.path, 'small'), listings: 100, seed: 1, signal });
  await expect(small).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^Expected 2500 to /),
  });
  await expect(
    synthesizeAbo({ out: folder.path, seed: 1, listings: LISTINGS, signal }),
  ).rejects.toMatchObject({
    code: 'USAGE',
  });
  expect(await readdir(folder.path)).toContain('dump');
});

describe('the command', () => {
  it('says as JSON what it wrote', async () => {
    const out = join(folder.path, 'written');
    const args = [
      'synth',
      '--shape',
      'abo',
      '--listings',
      '2500',
      '--seed',
      '4',
      '--out',
      out,
      '-q',
      '--json',
    ];
    const { code, stdout } = await pipeline(args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ out, shape: 'abo', synthetic: true, seed: 4, listings: 2500 });
  });

  it('needs a number of listings where photos are drawn', async () => {
    const { code, stderr } = await pipeline(['synth', '--out', join(folder.path, 'none'), '-q']);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected --listings');
  });
});
