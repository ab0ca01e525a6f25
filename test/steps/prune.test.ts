import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VectorIdentity } from '#src/sinks/tensor-cache/cache.js';
import { identityHash } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { fileDigest } from '#src/sources/samples.js';
import { type PruneRequest, prune } from '#src/steps/prune.js';
import { drawnCache, IDENTITY, type NamedSample, pixelsOf, shaOf } from '../exported.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { digestOf } from '../sinks/tensor-cache/digest.js';

const PHOTOS = 20;
const VECTORS: VectorIdentity = {
  kind: 'vectors',
  schemaVersion: 1,
  length: 4,
  dtype: 'float32',
  network: 'vgg16',
  weights: 'a'.repeat(64),
  layer: 'block5_pool',
  preprocessing: 'caffe',
  view: 0,
  pixels: identityHash(IDENTITY),
};

let folder: { path: string; dispose(): Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('prune');
});
afterEach(() => folder.dispose());

const sampleOf = (photo: number): NamedSample => ({
  sha256: shaOf(photo),
  label: 'CHAIR',
  split: 'train',
  component: `c${photo}`,
});

/** A run folder whose samples of a task name these photos. @returns the name of its set in caches. */
async function runOf(name: string, photos: readonly number[]): Promise<{ path: string; set: string }> {
  const path = join(folder.path, name);
  const file = join(path, 'samples-color.jsonl');
  await mkdir(path);
  await writeFile(join(path, 'manifest.json'), '{"schemaVersion":1,"steps":{}}');
  await writeFile(file, photos.map((photo) => `${JSON.stringify(sampleOf(photo))}\n`).join(''));
  return { path, set: `color/${await fileDigest(file)}` };
}

/** Caches of all photos, with these sets of samples. @returns the pixel cache's folder. */
async function caches(root: string, sets: Record<string, readonly number[]>): Promise<string> {
  const named = Object.entries(sets).map(([set, photos]) => [set, photos.map(sampleOf)] as const);
  const writer = await writeCache(join(root, 'features'), VECTORS);
  for (let photo = 0; photo < PHOTOS; photo++) await writer.put(shaOf(photo), new Uint8Array(16).fill(photo));
  await writer.close();
  return drawnCache(root, PHOTOS, Object.fromEntries(named));
}

const { signal } = new AbortController();
const pruning = (path: string, more: Partial<PruneRequest>) =>
  prune({ path, runs: [], photos: new Set(), compact: false, dryRun: false, signal, ...more });

async function look(path: string) {
  const cache = openCache(path);
  try {
    await cache.verify();
    const photos = cache.photos().map(({ sha256 }) => sha256);
    return {
      photos,
      sets: cache
        .sampleSets()
        .map(({ task, hash }) => `${task}/${hash}`)
        .sort(),
    };
  } finally {
    await cache.close();
  }
}

const somePhotos = fc.uniqueArray(fc.nat(PHOTOS - 1), { minLength: 1 });

describe('what runs do not use', () => {
  it('goes, with its vectors; whatever they use stays, and compaction gives the digest of a new build', async () => {
    let times = 0;
    await fc.assert(
      fc.asyncProperty(somePhotos, somePhotos, somePhotos, fc.boolean(), async (a, b, old, compact) => {
        times += 1;
        const root = join(folder.path, `root-${times}`);
        const [first, second] = [await runOf(`a-${times}`, a), await runOf(`b-${times}`, b)];
        const cache = await caches(root, { [first.set]: a, [second.set]: b, 'color/old': old });
        const inOrder = [...new Set([...a, ...b])].sort((x, y) => x - y);
        const used = inOrder.map(shaOf);
        const sets = [...new Set([first.set, second.set])].sort();
        const built = async (name: string) => {
          const path = join(folder.path, name);
          const writer = await writeCache(path, IDENTITY);
          for (const photo of inOrder) await writer.put(shaOf(photo), pixelsOf(photo));
          await writer.putSamples('color', first.set.slice(6), a.map(sampleOf));
          await writer.putSamples('color', second.set.slice(6), b.map(sampleOf));
          await writer.close();
          return path;
        };
        const pruned = await pruning(root, { runs: [first.path, second.path], compact });
        const photos = PHOTOS - used.length;
        expect(pruned).toMatchObject([
          { kind: 'pixels', cache, photos, sampleSets: 1, left: used.length, foreign: false },
          { kind: 'vectors', photos, sampleSets: 0, left: used.length },
        ]);
        expect(await look(cache)).toEqual({ photos: used, sets });
        expect((await look(join(root, 'features'))).photos).toEqual(used);
        if (compact) expect(await digestOf(cache)).toBe(await digestOf(await built(`new-${times}`)));
        expect(await pruning(root, { runs: [first.path, second.path] })).toMatchObject([
          { photos: 0, sampleSets: 0 },
          { photos: 0, sampleSets: 0 },
        ]);
      }),
      { numRuns: 8 },
    );
  });

  it('is only said by a dry run', async () => {
    const { path, set } = await runOf('run', [1, 2]);
    const cache = await caches(folder.path, { [set]: [1, 2], 'color/old': [3] });
    const before = await look(cache);
    expect(await pruning(cache, { runs: [path], dryRun: true })).toMatchObject([
      { photos: PHOTOS - 2, sampleSets: 1, left: 2 },
    ]);
    expect(await look(cache)).toEqual(before);
  });

  it('of a cache that has none of their samples is left alone', async () => {
    const { path } = await runOf('run', [1, 2]);
    const cache = await caches(folder.path, { 'color/other': [3] });
    const before = await look(cache);
    expect(await pruning(cache, { runs: [path] })).toMatchObject([{ photos: 0, foreign: true }]);
    expect(await look(cache)).toEqual(before);
  });
});

it('a named photo goes from every cache, and samples that name it are given out no more', async () => {
  const { set } = await runOf('run', [1, 2]);
  const cache = await caches(folder.path, { [set]: [1, 2] });
  const pruned = await pruning(folder.path, { photos: new Set([shaOf(1), 'f'.repeat(64)]) });
  expect(pruned).toMatchObject([{ photos: 1 }, { photos: 1 }]);
  const opened = openCache(cache);
  const [task, hash] = set.split('/') as [string, string];
  expect(opened.samples(task, hash)).toMatchObject([{ component: 'c2' }]);
  await opened.close();
});

it('sets of samples that were taken out make room for others', async () => {
  const cache = await caches(folder.path, { 'color/a': [1], 'color/b': [2] });
  for (let round = 0; round < 3; round++) {
    const writer = await writeCache(cache, IDENTITY);
    await writer.removeSamples('color', 'b');
    await writer.removeSamples('color', 'never');
    await writer.putSamples('color', 'b', [sampleOf(round)]);
    await writer.close();
    expect((await look(cache)).sets).toEqual(['color/a', 'color/b']);
  }
});

it('the command line: a run folder prunes its own caches', async () => {
  const { path, set } = await runOf('run', [1, 2]);
  await caches(path, { [set]: [1, 2], 'color/old': [3, 4, 5] });
  const done = await pipeline(['prune', path, '--compact']);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toContain('took out 18 photos and 1 set of samples, 2 left');
  expect(done.stdout).toContain('took out 18 vectors, 2 left');
  const wrong = async (...args: string[]) => (await pipeline(['prune', ...args])).stderr;
  expect(await wrong(folder.path)).toContain('USAGE: Expected --run or --photo');
  expect(await wrong(path, '--photo', 'abc')).toContain('USAGE: Expected a sha256 in hex');
  expect(await wrong(path, '--run', folder.path)).toContain('USAGE: Expected a run folder');
  expect(await wrong(folder.path, '--photo', shaOf(1))).toContain('USAGE: Expected a tensor cache');
});
