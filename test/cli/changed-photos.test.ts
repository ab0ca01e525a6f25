import { execFileSync } from 'node:child_process';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleRecord } from '#src/records.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import type { Summary } from '#src/summary.js';
import { jpeg, jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';
import { packDump } from '../tar.js';

const RECIPE = fileURLToPath(new URL('../../recipes/demo.yaml', import.meta.url));
const SMALL = ['tasks.product_type.minPerClass=4', 'cache.size=16', 'model.phases.0.epochs=1'].flatMap(
  (value) => ['--set', value],
);
const PHOTOS = 24;
const name = (at: number) => `${'abc'[at % 3]}${at}`;

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
beforeAll(async () => {
  folder = await temporaryFolder('changed');
  dump = join(folder.path, 'dump');
  const images = await Promise.all(
    Array.from({ length: PHOTOS }, async (_, at) => ({ id: name(at), bytes: await jpeg(at + 1) })),
  );
  const rows = images.map(({ id }, at) => listing(`I${at}`, at % 2 === 0 ? 'SHOES' : 'CHAIR', id));
  await writeDump(dump, { shards: { 'listings_0.json': rows }, images });
});
afterAll(() => folder.dispose());

const photoFile = (at: number) => join(dump, `images/small/xx/${name(at)}.jpg`);

/** Other bytes at a photo’s place, and a time that no earlier file has. */
async function replace(at: number, seed: number): Promise<void> {
  const { mtimeMs } = await stat(photoFile(at));
  await writeFile(photoFile(at), await jpeg(seed));
  await utimes(photoFile(at), new Date(), new Date(mtimeMs + 2000));
}

async function run(command: string, out: string, ...more: string[]) {
  const path = join(folder.path, out);
  const args = [
    command,
    '--recipe',
    RECIPE,
    '--source',
    dump,
    '--out',
    path,
    '--cache',
    join(folder.path, 'cache'),
  ];
  const { code, stderr } = await pipeline([...args, ...SMALL, ...more]);
  expect(code, stderr).toBe(0);
  const summary = JSON.parse(await readFile(join(path, 'summary.json'), 'utf8')) as Summary;
  const text = await readFile(join(path, 'samples-product_type.jsonl'), 'utf8');
  const hashes = new Map(jsonLines<SampleRecord>(text).map(({ path, sha256 }) => [path, sha256]));
  return { stderr, hashes, cache: summary.caches[0]!, stages: summary.stages };
}

const decoded = ({ stages }: Awaited<ReturnType<typeof run>>) =>
  stages.find(({ name }) => name === 'decode/resize')!.in;

describe.sequential('a photo that was replaced on the disk between two runs', () => {
  it('is noticed, read again and stored under its new hash; the others are not decoded again', async () => {
    const first = await run('run', 'whole');
    expect(decoded(first)).toBe(first.hashes.size);
    const changed = `xx/${name(2)}.jpg`;
    await replace(2, 100);
    const second = await run('run', 'whole');
    expect(second.stderr).toContain(`1 photo changed since the last run: ${changed}\n`);
    expect(second.stderr).toContain('1 photos to decode');
    expect(decoded(second)).toBe(1);
    expect(second.cache.digest).not.toBe(first.cache.digest);
    expect(second.cache.records).toBe(first.cache.records + 1);
    expect(second.stderr).toContain('report: done');
    for (const [path, sha256] of second.hashes) {
      if (path === changed) expect(sha256).not.toBe(first.hashes.get(path));
      else expect(sha256).toBe(first.hashes.get(path) ?? sha256);
    }
    const cache = openCache(second.cache.path);
    try {
      for (const hash of [first.hashes.get(changed)!, second.hashes.get(changed)!]) {
        expect(cache.keyOf(hash)).toBeDefined();
      }
    } finally {
      await cache.close();
    }
    const third = await run('run', 'whole');
    expect(third.stderr).not.toContain('changed since');
    expect(third.stderr).not.toContain('done in');
  });

  it('is noticed where samples are given', async () => {
    const samples = Array.from({ length: PHOTOS }, (_, at) => ({
      path: `xx/${name(at)}.jpg`,
      label: at % 2 === 0 ? 'SHOES' : 'CHAIR',
      split: at < PHOTOS / 2 ? 'train' : 'test',
      component: name(at),
    }));
    const file = join(folder.path, 'given.jsonl');
    await writeFile(file, samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
    const given = ['--samples', file];
    const first = await run('cache', 'given', ...given);
    const changes = [1, 3, 5, 7, 9, 11];
    for (const at of changes) await replace(at, 110 + at);
    const second = await run('cache', 'given', ...given);
    expect(second.stderr).toMatch(/6 photos changed since the last run: (xx\/\w+\.jpg, ){5}…\n/);
    expect(decoded(second)).toBe(changes.length);
    for (const at of changes) {
      const path = `xx/${name(at)}.jpg`;
      expect(second.hashes.get(path)).not.toBe(first.hashes.get(path));
    }
  });

  it('is noticed where curation reads no photo', async () => {
    const trusting = ['--set', 'source.photos=none'];
    const first = await run('cache', 'trusting', ...trusting);
    await replace(4, 150);
    const second = await run('cache', 'trusting', ...trusting);
    expect(second.stderr).toContain('curate: kept');
    expect(decoded(second)).toBe(1);
    expect(second.cache.digest).not.toBe(first.cache.digest);
  });

  it('is noticed where it is in an archive', async () => {
    const loose = await run('cache', 'packed');
    await packDump(dump, ['images']);
    const packed = await run('cache', 'packed');
    expect(packed.stderr).toContain('curate: done');
    expect(packed.stderr).not.toContain('changed since');
    expect(packed.hashes).toEqual(loose.hashes);
    expect((await run('cache', 'packed')).stderr).toContain('curate: kept');

    const archive = join(dump, 'abo-images-small.tar');
    const { mtimeMs } = await stat(archive);
    execFileSync('tar', ['-C', dump, '-xf', archive]);
    await replace(6, 160);
    await packDump(dump, ['images']);
    await utimes(archive, new Date(), new Date(mtimeMs + 2000));
    const changed = await run('cache', 'packed');
    expect(changed.stderr).toContain(`1 photo changed since the last run: xx/${name(6)}.jpg\n`);
    expect(decoded(changed)).toBe(1);
    expect(changed.cache.digest).not.toBe(packed.cache.digest);
  });
});
