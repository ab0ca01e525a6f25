import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderSource } from '#src/sources/folder.js';
import { openSource, sourceAt } from '#src/sources/open.js';
import { recordsSource } from '#src/sources/records.js';
import type { Source } from '#src/sources/source.js';
import { collect } from '#src/streams.js';
import type { PartialSummary, TaskSummary } from '#src/summary.js';
import { jpeg, pipeline, temporaryFolder } from '../fixtures.js';

/** Catalogues that are not ABO's: each goes through the whole run by one command. */
const RECIPES = fileURLToPath(new URL('../../recipes', import.meta.url));
const CLASSES = ['chair', 'sofa'];
const EACH = 12;
const SMALL = [
  '--set',
  'cache.size=12',
  '--set',
  'model.phases.0.epochs=1',
  '--workers',
  '1',
  '--backend',
  'cpu',
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let photos: { path: string; label: string; item: string }[];

beforeAll(async () => {
  folder = await temporaryFolder('catalogues');
  photos = CLASSES.flatMap((label, at) =>
    Array.from({ length: EACH }, (_, index) => ({
      path: `photos/${label}/${index}.jpg`,
      label,
      item: `${label}-${index >> 1}`,
      seed: at * EACH + index + 1,
    })),
  );
  for (const { path, seed } of photos as ((typeof photos)[number] & { seed: number })[]) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), await jpeg(seed));
  }
});
afterAll(() => folder.dispose());

const text = (source: Source) => collect(source.rows(new AbortController().signal));
const rows = async (source: Source) => (await text(source)).map((row) => JSON.parse(row.text) as object);
const paths = async (source: Source) =>
  (await collect(source.images(new AbortController().signal))).map(({ path }) => path);

/** Runs the command in the folder and gives its summary. */
async function run(...args: string[]): Promise<PartialSummary> {
  const { code, stdout, stderr } = await pipeline(['run', ...args, ...SMALL, '--json', '-q'], {
    cwd: folder.path,
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as PartialSummary;
}

function stage({ stages }: PartialSummary, name: string) {
  return stages.find((one) => one.name === name)!;
}

describe('a folder a class', () => {
  it('goes through by one command', async () => {
    const summary = await run(
      '--recipe',
      `${RECIPES}/folder.yaml`,
      '--source',
      'photos',
      '--out',
      'run-folder',
    );
    expect(stage(summary, 'parse').in).toBe(photos.length);
    expect((summary.tasks['label'] as TaskSummary).classes).toBe(2);
    const report = await readFile(join(folder.path, 'run-folder/report.html'), 'utf8');
    expect(report).not.toContain('Amazon Berkeley Objects');
    const { code, stdout } = await pipeline(['why', 'run-folder', 'chair/3.jpg'], { cwd: folder.path });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('chair/3.jpg') });
    expect((await pipeline(['verify', 'run-folder'], { cwd: folder.path })).code).toBe(0);
  });

  it('takes the classes from inside folders that are called like sides', async () => {
    const root = join(folder.path, 'sides');
    for (const path of [
      'train/a/1.jpg',
      'train/b/2.jpg',
      'val/a/deep/3.jpg',
      'val/4.jpg',
      'val/a/notes.txt',
    ]) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), '');
    }
    const labels = (await rows(await folderSource({ dir: root }))).map(
      (row) => (row as { label: unknown }).label,
    );
    expect(labels).toEqual(['a', 'b', null, 'a']);
  });

  it('takes no hidden files and no charts of runs for photos', async () => {
    const root = join(folder.path, 'hides');
    for (const path of [
      'a/1.jpg',
      'a/._1.jpg',
      '.thumbs/1.jpg',
      'run/manifest.json',
      'run/recipe.json',
      'run/figures/curve.png',
      // Another program's.
      'b/manifest.json',
      'b/2.jpg',
    ]) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), '');
    }
    expect(await paths(await folderSource({ dir: root }))).toEqual(['a/1.jpg', 'b/2.jpg']);
  });

  it('knows its photos again, and notices a new one', async () => {
    const root = join(folder.path, 'grows');
    await mkdir(join(root, 'a'), { recursive: true });
    await writeFile(join(root, 'a/1.jpg'), '');
    const identity = async () => (await folderSource({ dir: root })).identity();
    const first = await identity();
    await writeFile(join(root, 'a/notes.txt'), 'no photo');
    expect(await identity()).toBe(first);
    await writeFile(join(root, 'a/2.jpg'), '');
    expect(await identity()).not.toBe(first);
  });

  it('says what is missing', async () => {
    const empty = join(folder.path, 'empty');
    await mkdir(empty);
    await expect(folderSource({ dir: empty })).rejects.toMatchObject({ code: 'DUMP_EMPTY' });
    await expect(folderSource({ dir: `${empty}/none` })).rejects.toMatchObject({ code: 'DUMP_MISSING' });
  });
});

describe('records', () => {
  it('CSV and a folder of photos go through by one command, which done again does nothing', async () => {
    const lines = photos.map(
      ({ path, label, item }, at) => `${item};"${label}";"a ""good"" one; ${at}";${path}`,
    );
    lines.push('gone;chair;no such photo;photos/gone.jpg', 'more;fields;than;there;are', ';;;');
    await writeFile(
      join(folder.path, 'products.csv'),
      `\uFEFFsku;category;name;photo\n${lines.join('\n')}\n`,
    );
    const args = ['--recipe', `${RECIPES}/records.yaml`, '--source', 'products.csv', '--out', 'run-csv'];
    const summary = await run(...args, '--set', 'tasks.label.attribute=category');
    expect(stage(summary, 'parse')).toMatchObject({ in: photos.length + 3, quarantined: 1 });
    expect(stage(summary, 'join').dropped).toBe(1);
    expect((summary.tasks['label'] as TaskSummary).samples).toBe(photos.length);
    const before = await readFile(join(folder.path, 'run-csv/manifest.json'), 'utf8');
    await run(...args, '--set', 'tasks.label.attribute=category');
    expect(await readFile(join(folder.path, 'run-csv/manifest.json'), 'utf8')).toBe(before);
    // Photos of one item are on one side.
    const samples = (await readFile(join(folder.path, 'run-csv/samples-label.jsonl'), 'utf8'))
      .trim()
      .split('\n');
    const sides = new Map<string, Set<string>>();
    for (const sample of samples) {
      const { path, split } = JSON.parse(sample) as { path: string; split: string };
      const { item } = photos.find((photo) => photo.path === path)!;
      sides.set(item, (sides.get(item) ?? new Set()).add(split));
    }
    expect([...sides.values()].map(({ size }) => size)).toEqual(Array(EACH).fill(1));
  });

  it('JSON lines with absolute paths of local files go through by one command', async () => {
    const lines = photos
      .filter((_, at) => at % 2 === 0)
      .map(({ path, label, item }, at) => {
        const main = join(folder.path, path);
        const other = join(folder.path, photos[at * 2 + 1]!.path);
        return { id: at, item_id: item, label, images: [main, pathToFileURL(other).href] };
      });
    await writeFile(
      join(folder.path, 'products.jsonl.gz'),
      gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
    );
    const summary = await run(
      ...['--recipe', `${RECIPES}/records.yaml`, '--source', 'products.jsonl.gz', '--out', 'run-jsonl'],
      ...['--images', join(folder.path, 'photos'), '--set', 'source.image=images'],
    );
    expect(stage(summary, 'explode').out).toBe(photos.length);
    expect((summary.tasks['label'] as TaskSummary).samples).toBe(photos.length);
    expect((await pipeline(['verify', 'run-jsonl'], { cwd: folder.path })).code).toBe(0);
  });

  it('one JSON array, with numbers for labels and no items', async () => {
    const file = join(folder.path, 'list.json');
    await writeFile(
      file,
      JSON.stringify([{ path: 'a\\b.jpg', grade: 3 }, { path: '../out.jpg', grade: 4 }, 7]),
    );
    const source = await recordsSource({ file });
    expect(await rows(source)).toEqual([
      { grade: 3, item_id: 'a/b.jpg', main_image_id: 'a/b.jpg', other_image_id: [] },
      { grade: 4, item_id: '../out.jpg', main_image_id: '../out.jpg', other_image_id: [] },
      7,
    ]);
    expect(await paths(source)).toEqual(['a/b.jpg', '../out.jpg']);
    expect(await source.imagesRoot.look('../out.jpg')).toBe('path-outside');
  });

  it('knows columns that the first record lacks, and says which one is named that there is not', async () => {
    const file = join(folder.path, 'sparse.jsonl');
    const records = [{ label: 'a' }, { photo: '1.jpg', sku: 'S' }, { photo: '2.jpg', sku: 'S' }];
    await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const items = (await rows(await recordsSource({ file }))).map(
      (row) => (row as { item_id: string }).item_id,
    );
    expect(items).toEqual(['sparse.jsonl:1', 'S', 'S']);
    await expect(recordsSource({ file, item: 'skuu' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      hint: expect.stringContaining('--set source.item='),
    });
  });

  it('says which columns there are where none is known to hold photos', async () => {
    const file = join(folder.path, 'odd.tsv');
    await writeFile(file, 'titel\tbild\nStuhl\tphotos/chair/1.jpg\n');
    await expect(recordsSource({ file })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('titel, bild'),
      hint: expect.stringContaining('--set source.image='),
    });
    expect(await paths(await recordsSource({ file, image: 'bild' }))).toEqual(['photos/chair/1.jpg']);
    await writeFile(file, 'titel\tbild\n');
    await expect(recordsSource({ file })).rejects.toMatchObject({ code: 'DUMP_EMPTY' });
    await expect(recordsSource({ file: `${file}.none` })).rejects.toMatchObject({ code: 'DUMP_MISSING' });
  });

  it('ends a damaged file with a fault', async () => {
    const file = join(folder.path, 'cut.csv.gz');
    const whole = gzipSync(
      `image,label\n${Array.from({ length: 5000 }, (_, at) => `${at * 7919}.jpg,x`).join('\n')}\n`,
    );
    await writeFile(file, whole.subarray(0, whole.length - 2000));
    const last = (await text(await recordsSource({ file }))).at(-1)!;
    expect(last.fault?.reason).toBe('truncated-shard');
  });
});

describe('a place', () => {
  it('is taken for what lies there', async () => {
    await writeFile(join(folder.path, 'one.csv'), 'image,label\nphotos/chair/1.jpg,x\n');
    expect((await sourceAt({ path: join(folder.path, 'one.csv') })).kind).toBe('records');
    expect((await sourceAt({ path: join(folder.path, 'photos') })).kind).toBe('folder');
    await expect(sourceAt({ path: join(folder.path, 'nothing') })).rejects.toMatchObject({
      code: 'DUMP_MISSING',
    });
  });

  it('takes --images for records alone', async () => {
    const path = join(folder.path, 'photos');
    await expect(
      openSource({ kind: 'folder', photos: 'decode' }, { path, images: path }),
    ).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
