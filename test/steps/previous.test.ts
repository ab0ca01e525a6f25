import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLedger, readRun } from '#src/audit/run-files.js';
import { verifyRun } from '#src/audit/verify.js';
import type { LedgerEntry } from '#src/ledger.js';
import type { Side } from '#src/records.js';
import { imagesInFolder } from '#src/sources/images-root.js';
import { previousFile, previousSides } from '#src/sources/previous.js';
import { collect, testContext } from '../context.js';
import { jpeg, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';

const RECIPE = `
name: grown
tasks: { product_type: { minPerClass: 2 } }
split: { validation: 0, test: 0.4 }
deduplicate: { family: [item] }
cache: { size: 16 }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;
const TYPES = ['CHAIR', 'LAMP'];

let folder: { path: string; dispose(): Promise<void> };
const at = (name: string) => join(folder.path, name);
let images: { id: string; bytes: Buffer }[];
const rows = Array.from({ length: 12 }, (_, index) => listing(`I${index}`, TYPES[index % 2], `old${index}`));

async function curate(dump: string, run: string, ...more: string[]) {
  const args = [
    'curate',
    '--recipe',
    at('recipe.yaml'),
    '--source',
    at(dump),
    '--out',
    at(run),
    '-q',
    ...more,
  ];
  return pipeline(args);
}

const sidesOf = (run: string) => previousSides(join(at(run), 'photos.parquet'), { whole: false });

beforeAll(async () => {
  folder = await temporaryFolder('previous');
  await writeFile(at('recipe.yaml'), RECIPE);
  const photo = async (id: string, seed: number) => ({
    id,
    bytes: await jpeg(seed, { width: 120, height: 90 }),
  });
  images = await Promise.all(rows.map((_, index) => photo(`old${index}`, index + 1)));
  await writeDump(at('first'), { shards: { 'listings_0.json.gz': rows }, images });
  expect((await curate('first', 'one')).code).toBe(0);

  const old = await sidesOf('one');
  const of = (side: Side) => [...old].filter(([, own]) => own === side).map(([id]) => id);
  const [train, train2] = of('train');
  const [test, test2] = of('test');
  const itemOf = (id: string) => `I${id.slice(3)}`;
  const fresh = await Promise.all(
    ['new-free', 'new-train', 'new-bridge', 'new-item'].map((id, index) => photo(id, 40 + index)),
  );
  await writeDump(at('second'), {
    shards: {
      'listings_0.json.gz': rows,
      'listings_1.json.gz': [
        listing('FREE', 'CHAIR', 'new-free'),
        listing(itemOf(train!), 'LAMP', 'new-train'),
        // One new photo of two old items, on two sides.
        listing(itemOf(train!), 'CHAIR', 'new-bridge'),
        listing(itemOf(test!), 'CHAIR', 'new-bridge'),
        // One new item that shows two old photos, on two sides, and a new one.
        listing('NEW', 'CHAIR', train2, { other_image_id: [test2, 'new-item'] }),
      ],
    },
    images: [...images, ...fresh],
  });
}, 60_000);
afterAll(() => folder.dispose());

it('keeps every old side, gives new photos theirs, and leaves bridges out, counted', async () => {
  const { code, stderr } = await curate('second', 'two', '--previous', at('one'));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const [old, now] = [await sidesOf('one'), await sidesOf('two')];
  expect(old.size).toBe(12);
  for (const [id, side] of old) expect(now.get(id), id).toBe(side);
  const items = (await parquetReadObjects({
    file: await asyncBufferFromFile(join(at('two'), 'photos.parquet')),
  })) as { imageId: string; items: string[] }[];
  expect(items.map(({ imageId }) => imageId)).toEqual(expect.arrayContaining(['new-free', 'new-train']));
  expect(now.get('new-free')).toBeDefined();
  expect(now.get('new-train')).toBe('train');
  expect(now.has('new-bridge') || now.has('new-item')).toBe(false);
  expect(items.flatMap((photo) => photo.items)).not.toContain('NEW');

  const run = await readRun(at('two'));
  const ledger: LedgerEntry[] = await collect(readLedger(run, new AbortController().signal));
  const bridges = ledger.filter(({ reason }) => reason === 'split-bridge');
  expect(bridges.map(({ key, fate }) => `${key} ${fate}`).sort()).toEqual([
    'NEW conflict',
    'new-bridge dropped',
    'new-item dropped',
  ]);
  expect(run.summary.stages.find(({ name }) => name === 'deduplicate')).toMatchObject({ dropped: 2 });
  const result = await verifyRun({
    run: at('two'),
    imagesRoot: imagesInFolder(join(at('second'), 'images/small')),
    context: testContext(),
  });
  // Drawn photos of one kind may look near: nobody asked for that ground.
  expect(result.findings.filter(({ check }) => check !== 'near')).toEqual([]);
});

it('takes the file itself, is kept the second time, and depends on what it says', async () => {
  const file = await previousFile(at('one'));
  await curate('second', 'three', '--previous', file);
  expect(await sidesOf('three')).toEqual(await sidesOf('two'));
  const again = await pipeline([
    'curate',
    '--recipe',
    at('recipe.yaml'),
    '--source',
    at('second'),
    '--out',
    at('three'),
    '--previous',
    at('one'),
  ]);
  expect(again.stderr).toContain('curate: kept');
  const without = await pipeline([
    'curate',
    '--recipe',
    at('recipe.yaml'),
    '--source',
    at('second'),
    '--out',
    at('three'),
  ]);
  expect(without.stderr).toContain('curate: done');
});

it('keeps sides of a split by image, too', async () => {
  const { code } = await curate('second', 'by-image', '--previous', at('one'), '--set', 'split.by=image');
  expect(code).toBe(0);
  const now = await sidesOf('by-image');
  for (const [id, side] of await sidesOf('one')) expect(now.get(id), id).toBe(side);
  expect(now.get('new-bridge')).toBeDefined();
});

it('refuses what is no such file', async () => {
  const { code, stderr } = await curate('second', 'four', '--previous', at('recipe.yaml'));
  expect(code).toBe(1);
  expect(stderr).toContain('INPUT_INVALID');
  expect(stderr).toContain('photos.parquet');
});

it('refuses an older run whose split tears an item, unless that is what is asked for', async () => {
  const pairs = images.map(({ id }, index) => listing(`P${index % 6}`, TYPES[index % 2], id));
  await writeDump(at('pairs'), { shards: { 'listings_0.json.gz': pairs }, images });
  expect((await curate('pairs', 'leaky', '--set', 'split.by=image')).code).toBe(0);
  const { code, stderr } = await curate('pairs', 'laundered', '--previous', at('leaky'));
  expect(code).toBe(1);
  expect(stderr).toMatch(/items stand on one side each but [1-6] stand on several, the first: P\d/);
  const leaky = await curate('pairs', 'again', '--previous', at('leaky'), '--set', 'split.by=image');
  expect(leaky.code).toBe(0);
});
