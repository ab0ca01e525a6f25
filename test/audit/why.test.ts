import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOfRow, rowsNaming } from '#src/audit/dump-rows.js';
import { REASONS } from '#src/audit/reasons.js';
import { type PhotoRow, readPhotos, readRun } from '#src/audit/run-files.js';
import { type Answer, explainRecords, type Story } from '#src/audit/why.js';
import type { LedgerEntry } from '#src/ledger.js';
import type { SampleRecord } from '#src/records.js';
import { aboSource } from '#src/sources/abo.js';
import { jsonLines, pipeline, temporaryFolder } from '../fixtures.js';
import { makeRun, samplesOf } from './run.js';

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
let photos: PhotoRow[];
let samples: SampleRecord[];
let ledger: LedgerEntry[];
beforeAll(async () => {
  folder = await temporaryFolder('why');
  ({ dump, run } = await makeRun(folder.path, { until: 'evaluate' }));
  photos = (await readPhotos(await readRun(run)))!;
  samples = await samplesOf(run, 'product_type');
  ledger = jsonLines(gunzipSync(await readFile(join(run, 'ledger.jsonl.gz'))).toString());
}, 120_000);
afterAll(() => folder.dispose());

async function ask(...keys: string[]): Promise<Answer> {
  const signal = new AbortController().signal;
  return explainRecords({ run, keys, source: await aboSource({ dir: dump }), signal });
}
const texts = ({ chapters }: Story, stage?: string) =>
  chapters.filter((chapter) => stage === undefined || chapter.stage === stage).map(({ text }) => text);

describe('why', () => {
  it('tells every reason that the ledger has, of a record that has it', async () => {
    const first = new Map(ledger.map((entry) => [entry.reason, entry]).reverse() as [string, LedgerEntry][]);
    // The reasons that a synthetic dump gives, and these recipes.
    expect([...first.keys()].sort()).toEqual([
      'attribute-conflict',
      'boilerplate',
      'class-cap',
      'class-too-small',
      'file-missing',
      'identical-row',
      'image-damaged',
      'image-empty',
      'image-unknown',
      'label-missing',
      'no-image',
      'not-an-image',
      'same-image',
      'same-picture',
    ]);
    const entries = [...first.values()];
    const { stories, unknown } = await ask(...entries.map(({ key }) => key));
    expect(unknown).toEqual([]);
    for (const { key, reason, stage } of entries) {
      const story = stories.find((one) => one.key === key)!;
      const chapter = story.chapters.find((one) => one.reason === reason);
      expect(chapter, `${reason} of ${key}`).toMatchObject({ stage, text: expect.stringMatching(/\w+ \w+/) });
      expect(chapter!.text).not.toContain(reason);
      if (chapter!.stage === 'deduplicate' && reason.includes('image-')) expect(chapter!.todo).toBeDefined();
    }
  });

  it('knows every reason that the documentation names', async () => {
    const docs = await readFile(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
    const [, table = ''] = docs.split('| stage | dropped, merged, capped');
    const reasons = [...table.split('## The ledger')[0]!.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(
      ([, name]) => name!,
    );
    expect(reasons.length).toBeGreaterThan(20);
    for (const reason of reasons) if (reason !== 'max-bad') expect(Object.keys(REASONS)).toContain(reason);
  });

  it('tells a sample’s whole way: rows, file, component, label, side, cache and prediction', async () => {
    const tested = samples.find(
      ({ split, component }) =>
        split === 'test' && samples.filter((one) => one.component === component).length > 1,
    )!;
    const [story] = (await ask(tested.imageId)).stories;
    expect(story).toMatchObject({ about: 'image', id: tested.imageId });
    expect(texts(story!, 'parse')[0]).toMatch(
      /^read in listings_\w+\.json\.gz, line \d+: item \w+ .*shows it as its (main|other) image$/,
    );
    expect(texts(story!, 'join')[0]).toContain(tested.path);
    expect(texts(story!, 'deduplicate').join()).toMatch(/belongs with .* of component/);
    const ofTask = story!.chapters.filter(({ task }) => task === 'product_type');
    expect(ofTask.map(({ stage }) => stage)).toEqual(['label', 'split', 'decode/resize', 'evaluate']);
    expect(ofTask[0]!.text).toContain(`its label is ${tested.label}, from product_type = `);
    expect(ofTask[0]!.text).toMatch(/\(\d+ of the \d+ rows that show it (say|says) so\)/);
    expect(ofTask[1]!.text).toContain('on the test side');
    expect(ofTask[2]!.text).toMatch(/^cached in cache-16-\w+ under key \d+$/);
    expect(ofTask[3]!.text).toMatch(/^predicted \w+, (rightly|wrongly: it is )/);
  });

  it('names what a photo is joined with, and by which ground', async () => {
    const shared = photos.find(({ items, imageId }) =>
      photos.some(
        (other) => other.imageId !== imageId && other.items.length === 1 && other.items[0] === items[0],
      ),
    )!;
    const other = photos.find(
      ({ items, imageId }) =>
        imageId !== shared.imageId && items.length === 1 && items[0] === shared.items[0],
    )!;
    const [story] = (await ask(shared.imageId)).stories;
    const family = texts(story!, 'deduplicate').find((text) => text.startsWith('it belongs'))!;
    expect(family).toMatch(/item \w+/);
    expect(family).toContain(shared.component);
    expect(family).toContain(other.imageId);
  });

  it('tells a merged image’s grounds, and goes on with the photo that it became', async () => {
    const photo = photos.find(
      ({ images, imageId }) => images.length > 1 && samples.some((one) => one.imageId === imageId),
    )!;
    const merged = photo.images.find((image) => image !== photo.imageId)!;
    const { stories } = await ask(merged, photo.imageId);
    const [of, into] = stories as [Story, Story];
    expect(texts(of, 'deduplicate').join('\n')).toMatch(
      new RegExp(
        `${merged} is the same picture as ${photo.imageId} and was merged into it: it has (the same (bytes|pixels)|nearly the same pixels) as ${photo.imageId}`,
      ),
    );
    expect(texts(of)).toContain(`what follows is the story of ${photo.imageId}`);
    expect(of.chapters.at(-1)).toEqual(into.chapters.at(-1));
  });

  it('takes paths, with their folder too, items, and rows', async () => {
    const [sample] = samples;
    const item = photos.find(({ imageId }) => imageId === sample!.imageId)!.items[0]!;
    const row = ledger.find(({ reason }) => reason === 'identical-row')!;
    const { stories } = await ask(sample!.path, `images/small/${sample!.path}`, item, row.key);
    expect(stories.map(({ about, id }) => [about, id])).toEqual([
      ['image', sample!.imageId],
      ['image', sample!.imageId],
      ['item', item],
      ['row', row.key],
    ]);
    expect(texts(stories[2]!, 'parse')[0]).toContain(`item ${item}`);
    expect(texts(stories[2]!).some((text) => text.startsWith(`image ${sample!.imageId}: `))).toBe(true);
    // Of the row and of its item, too: the side, and what this row was merged into.
    expect(texts(stories[2]!, 'split')).toContain(
      `image ${sample!.imageId}: labelled ${sample!.label}, on the ${sample!.split} side`,
    );
    expect(texts(stories[3]!)).toEqual([
      expect.stringMatching(/^read in .*: it shows /),
      expect.stringContaining(row.into!),
    ]);
  });

  it('tells a row that nothing happened to, with what became of its images', async () => {
    const [sample] = samples;
    const source = await aboSource({ dir: dump });
    const signal = new AbortController().signal;
    const [row] = await rowsNaming(source, new Set([sample!.imageId]), signal);
    const [story] = (await ask(placeOfRow(row!))).stories;
    expect(story).toMatchObject({ about: 'row', id: placeOfRow(row!) });
    expect(texts(story!, 'parse')[0]).toContain(`item ${row!.itemId}`);
    expect(texts(story!, 'split').join()).toMatch(
      new RegExp(`image ${sample!.imageId}.*: labelled ${sample!.label}, on the ${sample!.split} side`),
    );
    expect((await ask('listings_0.json.gz:99999')).unknown).toHaveLength(1);
  });

  it('tells stories in the order of their keys, and alike lines of one only to a bound', async () => {
    const { key } = ledger.find(({ reason }) => reason === 'boilerplate')!;
    const keys = [ledger.find(({ reason }) => reason === 'no-image')!.key, key, samples[0]!.path];
    const { stdout } = await pipeline(['why', run, ...keys]);
    const at = keys.map((one) => stdout.indexOf(one));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    const [story] = (await ask(key)).stories;
    const rows = texts(story!, 'parse').length;
    expect(rows).toBeGreaterThan(10);
    expect(stdout).toContain(`  parse: … and ${rows - 8} more like these; --json has them all`);
    expect(stdout.split('\n').length).toBeLessThan(40);
  });

  it('tells an orphan of the image table, by id and by the path of a photo that is no sample', async () => {
    const named = new Set([...photos.flatMap(({ images }) => images), ...ledger.map(({ key }) => key)]);
    const source = await aboSource({ dir: dump });
    const orphans: { imageId: string; path: string }[] = [];
    for await (const image of source.images(new AbortController().signal))
      if (!named.has(image.imageId)) orphans.push(image);
    const [orphan] = orphans;
    const { stories } = await ask(orphan!.imageId, orphan!.path);
    for (const story of stories) expect(texts(story, 'join').join()).toContain('no listing shows it');
  });

  it('tells without the dump what the run itself wrote', async () => {
    const signal = new AbortController().signal;
    const [sample] = samples;
    const { stories } = await explainRecords({ run, keys: [sample!.imageId], source: undefined, signal });
    expect(texts(stories[0]!, 'parse')).toEqual(['the dump is not there: which rows show it is not known']);
    expect(texts(stories[0]!, 'split')[0]).toContain(sample!.split);
  });

  it('ends with status 1 and near suggestions for an unknown key, after telling the known ones', async () => {
    const [sample] = samples;
    const wrong = `${sample!.imageId.slice(0, -1)}_`;
    const { code, stdout, stderr } = await pipeline(['why', run, sample!.imageId, wrong]);
    expect(code).toBe(1);
    expect(stdout).toContain(`image ${sample!.imageId}`);
    expect(stderr).toMatch(new RegExp(`NOT_FOUND: \\[${wrong}\\][^]*Near: .*${sample!.imageId}`));
    const json = await pipeline(['why', run, sample!.path, '--json', '--no-dump']);
    expect(json.code).toBe(0);
    expect((JSON.parse(json.stdout) as Answer).stories[0]).toMatchObject({
      key: sample!.path,
      id: sample!.imageId,
    });
  });
});
