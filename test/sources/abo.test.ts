import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventBus } from '#src/events.js';
import { writeParquet } from '#src/sinks/parquet.js';
import { aboSource } from '#src/sources/abo.js';
import { sampleRows } from '#src/sources/samples.js';
import { runStage } from '#src/stage.js';
import { explode } from '#src/stages/explode.js';
import { parse } from '#src/stages/parse.js';
import { collect, testContext } from '../context.js';
import { listing, temporaryFolder, writeDump } from '../fixtures.js';
import { absent, SAMPLE } from '../shared.js';

const signal = new AbortController().signal;
let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('abo');
});
afterAll(() => folder.dispose());

describe('a dump in ABO’s layout', () => {
  it('tells how much of its shards was read', async () => {
    const root = join(folder.path, 'told');
    const line = `${JSON.stringify(listing('A', 'SHOES', 'a', { bullet: 'x'.repeat(200_000) }))}\n`;
    const shards = { 'listings_0.json': Buffer.from(line), 'listings_1.json': Buffer.from(line) };
    await writeDump(root, { shards, images: [] });
    const events = eventBus();
    const told: unknown[] = [];
    events.events.subscribe((event) => told.push(event));
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 1000;
      return now;
    });
    try {
      await collect((await aboSource({ dir: root, events })).rows(signal));
    } finally {
      clock.mockRestore();
    }
    const event = { type: 'progress', stage: 'listings', unit: 'MB', total: 0.4 };
    expect(told).toEqual([
      { ...event, done: 0.2 },
      { ...event, done: 0.4 },
    ]);
  });

  it('is read shard by shard in the order of their names, as lines or as one array, gzipped or not', async () => {
    const root = join(folder.path, 'shards');
    await writeDump(root, {
      shards: {
        'listings_a.json': [listing('A1', 'SHOES', 'a')],
        'listings_0.json.gz': [listing('01', 'SHOES', 'a'), listing('02', 'SHOES', 'a')],
        'listings_9.json': Buffer.from(
          `\n [${JSON.stringify(listing('91', 'SHOES', 'a'))}, ${JSON.stringify(listing('92', 'SHOES', 'a'))}]`,
        ),
        'listings_b.json.gz': gzipSync(JSON.stringify([listing('B1', 'SHOES', 'a')])),
        'readme.txt': ['not a shard'],
      },
      images: [],
    });
    const source = await aboSource({ dir: root });
    const rows = await collect(source.rows(signal));
    expect(
      rows.map(({ text, shard, line }) => [(JSON.parse(text) as { item_id: string }).item_id, shard, line]),
    ).toEqual([
      ['01', 'listings_0.json.gz', 1],
      ['02', 'listings_0.json.gz', 2],
      ['91', 'listings_9.json', 1],
      ['92', 'listings_9.json', 2],
      ['A1', 'listings_a.json', 1],
      ['B1', 'listings_b.json.gz', 1],
    ]);
  });

  it('has an identity that changes with its files and not with its place', async () => {
    const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')];
    const dump = { shards: { 'listings_0.json': [listing('A', 'SHOES', 'a')] }, images: [] };
    await writeDump(one, dump);
    const identity = async (root: string) => (await aboSource({ dir: root })).identity();
    const before = await identity(one);
    expect(await identity(one)).toBe(before);
    await writeFile(
      join(one, 'listings/metadata/listings_0.json'),
      `${JSON.stringify(listing('B', 'SHOES', 'b'))}\n\n`,
    );
    expect(await identity(one)).not.toBe(before);
    await writeDump(two, dump);
    const stdin = await aboSource({ stdin: (async function* () {})(), images: two });
    expect(await stdin.identity()).toBeUndefined();
  });

  it.each(['listings/metadata', 'images/metadata/images.csv.gz'])('is missing without %s', async (part) => {
    const root = join(folder.path, 'partial');
    await writeDump(root, { shards: { 'listings_0.json': [] }, images: [] });
    await rm(join(root, part), { recursive: true });
    await expect(aboSource({ dir: root })).rejects.toMatchObject({ code: 'DUMP_MISSING' });
  });

  it('names files beside the shards', async () => {
    const root = join(folder.path, 'beside');
    await writeDump(root, { shards: { 'listings_0.json': [], 'more.jsonl': [], '.hidden': [] }, images: [] });
    const events = eventBus();
    const texts: string[] = [];
    events.events.subscribe((event) => event.type === 'message' && texts.push(event.text));
    await aboSource({ dir: root, events });
    expect(texts).toEqual([expect.stringMatching(/1 files .* more\.jsonl\./)]);
  });

  it('reads the image table with quotes, other columns and sizes that are no numbers', async () => {
    const root = join(folder.path, 'table');
    await writeDump(root, { shards: { 'listings_0.json': [] }, images: [] });
    await mkdir(join(root, 'images/metadata'), { recursive: true });
    await writeFile(
      join(root, 'images/metadata/images.csv.gz'),
      gzipSync(
        '\uFEFFpath,extra,image_id,width,height\n"aa/a,b.jpg",1,A,30,20\naa/b.jpg,2,B,wide,-1\n,3,C,1,1\nshort\n',
      ),
    );
    const source = await aboSource({ dir: root });
    expect(await collect(source.images(signal))).toEqual([
      { imageId: 'A', path: 'aa/a,b.jpg', width: 30, height: 20 },
      { imageId: 'B', path: 'aa/b.jpg', width: 0, height: 0 },
    ]);
  });
});

describe.skipIf(absent(SAMPLE))('genuine listings', () => {
  it('give 7 rows and 32 views', async () => {
    const context = testContext();
    const rows = sampleRows(join(SAMPLE, 'genuine_rows.jsonl'), signal);
    const views = await collect(
      runStage(explode({ views: 'all' }), runStage(parse(), rows, context), context),
    );
    expect(context.counts.map(({ name, in: received, out }) => [name, received, out])).toEqual([
      ['parse', 7, 7],
      ['explode', 7, 32],
    ]);
    expect(views.every(({ attributes }) => Object.keys(attributes).length > 5)).toBe(true);
    expect(context.entries).toEqual([]);
  });
});

it('reads files of samples as JSON lines, gzipped lines and Parquet alike', async () => {
  const records = [
    { path: 'aa/a.jpg', label: 'L', split: 'train', component: 'k' },
    { path: 'aa/b.jpg', label: 'Ü', split: 'test', component: 'm' },
  ];
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const files = ['s.jsonl', 's.jsonl.gz', 's.parquet'].map((name) => join(folder.path, name));
  await writeFile(files[0]!, text);
  await writeFile(files[1]!, gzipSync(text));
  const columns = { path: 'text', label: 'text', split: 'text', component: 'text' } as const;
  await writeParquet(files[2]!, columns, records);
  for (const file of files) {
    const rows = await collect(sampleRows(file, signal));
    expect(rows.map((row) => JSON.parse(row.text) as unknown)).toEqual(records);
  }
  const missing = collect(sampleRows(join(folder.path, 'none.jsonl'), signal));
  await expect(missing).rejects.toMatchObject({ code: 'SAMPLES_INVALID' });
});
