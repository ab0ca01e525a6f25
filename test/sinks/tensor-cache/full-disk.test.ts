import { createHash } from 'node:crypto';
import { statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { smallDisk, temporaryFolder } from '../../fixtures.js';
import { digestOf } from './digest.js';

// Large enough that a value takes pages of its own, as real photos do.
const IDENTITY = pixelIdentity({ height: 48, width: 48, fit: 'stretch', decoder: 'turbo' });
const BYTES = 48 * 48 * 3;
const PHOTOS = 50;

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('full-disk');
});
afterAll(() => folder.dispose());

const shaOf = (index: number) => createHash('sha256').update(`photo ${index}`).digest('hex');
const pixelsOf = (index: number) =>
  Uint8Array.from({ length: BYTES }, (_, at) => (at * 7 + index * 13 + (at >> 8)) % 256);

/** Builds a cache in this process, from where it is. */
async function build(path: string, count = PHOTOS): Promise<void> {
  const writer = await writeCache(path, IDENTITY);
  try {
    await Promise.all(Array.from({ length: count }, (_, index) => writer.put(shaOf(index), pixelsOf(index))));
  } finally {
    await writer.close();
  }
}

describe('a full disk', () => {
  const free = (path: string) => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  };

  it('leaves a cache that goes on to the same contents when there is room', async () => {
    const disk = await smallDisk(join(folder.path, 'small'), 800_000);
    if (disk === undefined) return;
    try {
      const whole = join(folder.path, 'whole');
      await build(whole);
      const path = join(disk.path, 'cache');
      await expect(build(path)).rejects.toMatchObject({ code: 'DISK_FULL', hint: expect.any(String) });
      const cache = openCache(path);
      const { length } = cache;
      await cache.verify();
      await cache.close();
      expect(length).toBeGreaterThan(0);
      expect(length).toBeLessThan(PHOTOS);
      disk.resize(20_000_000);
      await build(path);
      expect(await digestOf(path)).toBe(await digestOf(whole));
    } finally {
      disk.dispose();
    }
  });

  it('that another filled during a commit fails what comes after it, and the writer closes', async () => {
    const disk = await smallDisk(join(folder.path, 'filled'), 12_000_000);
    if (disk === undefined) return;
    try {
      const path = join(disk.path, 'cache');
      await build(path);
      const before = await digestOf(path);
      const writer = await writeCache(path, IDENTITY);
      const samples = Array.from({ length: 20_000 }, (_, index) => ({
        sha256: shaOf(index % PHOTOS),
        label: `label ${index}`,
        split: 'train' as const,
        component: 'c',
      }));
      // The transaction begins when this turn of the event loop is over: by then the disk is full.
      const stored = writer.putSamples('color', 'h', samples);
      const filler = join(disk.path, 'filler');
      writeFileSync(filler, Buffer.alloc(free(disk.path)));
      await expect(stored).rejects.toMatchObject({ code: 'DISK_FULL' });
      await rm(filler);
      await expect(writer.put(shaOf(PHOTOS), pixelsOf(PHOTOS))).rejects.toMatchObject({ code: 'DISK_FULL' });
      await writer.close();
      expect(await digestOf(path)).toBe(before);
      await build(path, PHOTOS + 1);
      const cache = openCache(path);
      expect(cache.keyOf(shaOf(PHOTOS))).toBe(PHOTOS);
      await cache.close();
    } finally {
      disk.dispose();
    }
  });

  it('is refused before it is filled', async () => {
    const disk = await smallDisk(join(folder.path, 'asked'), 1_000_000);
    if (disk === undefined) return;
    try {
      const writer = await writeCache(join(disk.path, 'cache'), IDENTITY);
      expect(writer.reserve(10)).toBeGreaterThan(10 * BYTES);
      expect(() => writer.reserve(PHOTOS * 10)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
      await writer.close();
    } finally {
      disk.dispose();
    }
  });
});
