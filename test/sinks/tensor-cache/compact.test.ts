import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compactCache } from '#src/sinks/tensor-cache/compact.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';

const IDENTITY = pixelIdentity({ height: 40, width: 30, fit: 'stretch', decoder: 'turbo' });
const BYTES = 40 * 30 * 3;

let folder: { path: string; dispose(): Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('compact');
});
afterEach(() => folder.dispose());

const shaOf = (photo: number) => createHash('sha256').update(`photo ${photo}`).digest('hex');
const pixelsOf = (photo: number) =>
  Uint8Array.from({ length: BYTES }, (_, at) => (at * 7 + photo * 13) % 256);
const sampleOf = (photo: number) => ({
  sha256: shaOf(photo),
  label: `label ${photo % 3}`,
  split: 'train' as const,
  component: `c${photo}`,
});

/** Puts photos, removes some, and keeps samples of all that were put. */
async function change(path: string, added: readonly number[], removed: readonly number[] = []) {
  const writer = await writeCache(path, IDENTITY);
  await Promise.all(added.map((photo) => writer.put(shaOf(photo), pixelsOf(photo))));
  if (added.length > 0) await writer.putSamples('color', `h${added[0]}`, added.map(sampleOf));
  for (const photo of removed) expect(await writer.remove(shaOf(photo))).toBe(true);
  await writer.close();
}

async function look(path: string) {
  const cache = openCache(path, { identity: IDENTITY });
  try {
    await cache.verify();
    const pixels = (key: number) => {
      const target = new Uint8Array(BYTES);
      cache.read(key, target);
      return target;
    };
    const photos = new Map([...Array(60).keys()].map((photo) => [photo, cache.keyOf(shaOf(photo))]));
    return {
      keys: [...cache.keys()],
      length: cache.length,
      photos,
      samples: (hash: string) => cache.samples('color', hash),
      digest: await cache.digest(),
      right: [...photos].every(
        ([photo, key]) => key === undefined || Buffer.compare(pixels(key), pixelsOf(photo)) === 0,
      ),
      all: [...photos.keys()].flatMap((photo) => cache.samples('color', `h${photo}`) ?? []),
    };
  } finally {
    await cache.close();
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

it('leaves a hole where a photo was removed and never gives its key to another', async () => {
  const path = join(folder.path, 'a');
  await change(path, range(0, 6), [5, 2]);
  let found = await look(path);
  expect(found.keys).toEqual([0, 1, 3, 4]);
  expect(found.length).toBe(4);
  expect(found.photos.get(2)).toBeUndefined();
  expect(found.all.map(({ component }) => component)).toEqual(['c0', 'c1', 'c3', 'c4']);
  // Across processes' lives too: 5 was the last key.
  await change(path, [6, 2]);
  found = await look(path);
  expect(found.keys).toEqual([0, 1, 3, 4, 6, 7]);
  expect(found.photos.get(2)).toBe(7);
  expect(found.right).toBe(true);
  const writer = await writeCache(path, IDENTITY);
  expect(await writer.remove(shaOf(55))).toBe(false);
  const put = writer.put(shaOf(55), pixelsOf(55));
  expect(await writer.remove(shaOf(55))).toBe(true);
  await put;
  expect(writer.has(shaOf(55))).toBe(false);
  expect(writer.length).toBe(6);
  await writer.close();
});

it('compacts to the digest of a cache that never had the removed photos', async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(19), { minLength: 1, maxLength: 20 }), async (removed) => {
      round += 1;
      const path = join(folder.path, `holes-${round}`);
      await change(path, range(0, 20), removed);
      const left = range(0, 20).filter((photo) => !removed.includes(photo));
      const before = await look(path);
      expect(await compactCache(path)).toBe(left.length);
      const after = await look(path);
      expect(after.keys).toEqual(range(0, left.length));
      expect(after.right).toBe(true);
      expect(after.all.map(({ component }) => component)).toEqual(
        before.all.map(({ component }) => component),
      );
      const never = join(folder.path, `never-${round}`);
      const writer = await writeCache(never, IDENTITY);
      for (const photo of left) await writer.put(shaOf(photo), pixelsOf(photo));
      await writer.putSamples('color', 'h0', left.map(sampleOf));
      await writer.close();
      expect(after.digest).toBe((await look(never)).digest);
    }),
    { numRuns: 8, seed: 7 },
  );
});

it('compacts from the command line, beside a reader and over a compaction that was killed', async () => {
  const path = join(folder.path, 'c');
  await change(path, range(0, 30), range(3, 25));
  await mkdir(join(path, 'compact.unfinished'));
  await writeFile(join(path, 'compact.unfinished', 'data.mdb'), 'half');
  const reader = openCache(path);
  const { code, stdout, stderr } = await pipeline(['inspect', path, '--compact', '--verify', '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ records: 8, verified: true });
  // What was open before still has its own file.
  const target = new Uint8Array(BYTES);
  reader.read(29, target);
  expect(target).toEqual(pixelsOf(29));
  await reader.close();
  expect((await look(path)).keys).toEqual(range(0, 8));
  await change(path, [40]);
  expect((await look(path)).photos.get(40)).toBe(8);
});

it('does not compact what another writes', async () => {
  const path = join(folder.path, 'd');
  const writer = await writeCache(path, IDENTITY);
  await expect(compactCache(path)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
  await writer.close();
});
