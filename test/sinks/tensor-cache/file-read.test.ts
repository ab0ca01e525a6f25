import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { batches } from '#src/batches.js';
import { FILE_ID, openDatabases } from '#src/sinks/tensor-cache/databases.js';
import { fileReader, fitsIntoMemory } from '#src/sinks/tensor-cache/file-read.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';

const SIDE = 40;
const IDENTITY = pixelIdentity({ height: SIDE, width: SIDE, fit: 'stretch', decoder: 'turbo' });
const BYTES = SIDE * SIDE * 3;
const shaOf = (photo: number) => `${photo}`.padStart(64, '0');
const pixelsOf = (photo: number) => new Uint8Array(BYTES).map((_, at) => at * 3 + photo * 31);

let folder: { path: string; dispose(): Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('file-read');
});
afterEach(() => folder.dispose());

async function build(path: string, from: number, to: number): Promise<void> {
  const writer = await writeCache(path, IDENTITY);
  for (let photo = from; photo < to; photo++) await writer.put(shaOf(photo), pixelsOf(photo));
  await writer.close();
}

const openFiles = () => readdirSync('/proc/self/fd').length;

it('reads what the map holds, and nothing that has no pages of its own', async () => {
  const path = join(folder.path, 'cache');
  await build(path, 0, 50);
  const before = openFiles();
  const databases = openDatabases(path, { readOnly: true });
  const { root } = databases;
  const reader = fileReader(join(path, 'data.mdb'), root, databases.metadata.get(FILE_ID));
  const target = new Uint8Array(BYTES + 10);
  for (const photo of [49, 0, 17, 17]) {
    expect(reader.sizeOf(photo)).toBe(BYTES);
    reader.read(photo, target, 10);
    expect(target.subarray(10)).toEqual(pixelsOf(photo));
  }
  expect(reader.sizeOf(50)).toBe(0);
  expect([0, 1, 17, 18, 49].map((photo) => reader.hasRead(photo))).toEqual([true, false, true, false, true]);
  reader.prefetch([3, 1, 2, 49, 77]);
  await reader.close();
  await root.close();
  expect(openFiles()).toBe(before);
});

it('reads on beside a writer that removes and puts photos', async () => {
  const path = join(folder.path, 'cache');
  await build(path, 0, 40);
  // First: a process that only reads a cache cannot write it too.
  const writer = await writeCache(path, IDENTITY);
  const cache = openCache(path);
  const target = new Uint8Array(BYTES);
  cache.readAll([1], target);
  for (let photo = 0; photo < 40; photo += 2) {
    await writer.remove(shaOf(photo));
    await writer.put(shaOf(photo + 40), pixelsOf(photo + 40));
    await writer.put(shaOf(photo + 41), pixelsOf(photo + 41));
    for (const left of [photo + 1, 39]) {
      cache.readAll([left], target);
      expect(target, `photo ${left}`).toEqual(pixelsOf(left));
    }
    expect(() => cache.readAll([photo], target)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  }
  const rows = new Uint8Array(3 * BYTES);
  cache.readAll([cache.keyOf(shaOf(77))!, 3, cache.keyOf(shaOf(79))!], rows);
  for (const [row, photo] of [77, 3, 79].entries()) {
    expect(rows.subarray(row * BYTES, (row + 1) * BYTES)).toEqual(pixelsOf(photo));
  }
  await writer.close();
  await cache.close();
});

it('keeps no writer from using pages again', async () => {
  const path = join(folder.path, 'cache');
  const grown = async (name: string, readers: number) => {
    const own = join(path, name);
    await build(own, 0, 10);
    const writer = await writeCache(own, IDENTITY);
    const caches = Array.from({ length: readers }, () => openCache(own));
    for (const cache of caches) cache.readAll([1], new Uint8Array(BYTES));
    for (let photo = 10; photo < 400; photo++) await writer.put(shaOf(photo), pixelsOf(photo));
    for (const cache of caches) await cache.close();
    await writer.close();
    return statSync(join(own, 'data.mdb')).size;
  };
  expect(await grown('read', 1)).toBeLessThanOrEqual(1.2 * (await grown('alone', 0)));
});

it('goes on with the file that it opened after a compaction; new threads, which cannot, say so', async () => {
  const path = join(folder.path, 'cache');
  await build(path, 0, 30);
  const writer = await writeCache(path, IDENTITY);
  for (let photo = 0; photo < 30; photo += 3) await writer.remove(shaOf(photo));
  await writer.close();
  const cache = openCache(path);
  const photos = cache.photos();
  expect((await pipeline(['inspect', path, '--compact'])).code).toBe(0);
  const samples = photos.map(({ key }) => ({ key, label: 0 }));
  let row = 0;
  for await (const { values } of batches(cache, { samples, batchSize: 1 })) {
    expect(values, `photo ${photos[row]!.sha256}`).toEqual(pixelsOf(Number(photos[row]!.sha256)));
    row += 1;
  }
  expect(row).toBe(20);
  await expect(batches(cache, { samples, batchSize: 1, workers: 2 }).next()).rejects.toMatchObject({
    code: 'CACHE_MISMATCH',
  });
  await cache.close();
});

it('is told that a process reads what it wants to write', async () => {
  const path = join(folder.path, 'cache');
  await build(path, 0, 2);
  const readers = [openCache(path), openCache(path)];
  for (const reader of readers) {
    await expect(writeCache(path, IDENTITY)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    await reader.close();
    await reader.close();
  }
  // A writer that was refused must not be in the next one's way.
  await build(path, 2, 3);
  const cache = openCache(path);
  expect(cache.length).toBe(3);
  await cache.close();
});

it('takes half of the memory for what stays in it', () => {
  expect(fitsIntoMemory(1)).toBe(true);
  expect(fitsIntoMemory(2 ** 50)).toBe(false);
});
