import { copyFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assertSound } from '#src/sinks/tensor-cache/data-file.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';

const IDENTITY = pixelIdentity({ height: 40, width: 40, fit: 'stretch', decoder: 'turbo' });
const PHOTOS = 600;
const LAST_PAGE = 144;

let folder: { path: string; dispose(): Promise<void> };
let whole: string;
beforeAll(async () => {
  folder = await temporaryFolder('data-file');
  whole = join(folder.path, 'whole');
  const writer = await writeCache(whole, IDENTITY);
  for (let photo = 0; photo < PHOTOS; photo++) {
    const put = writer.put(
      `${photo}`.padStart(64, '0'),
      new Uint8Array(4800).map((_, at) => at + photo),
    );
    if (photo % 50 === 49) await put;
  }
  await writer.close();
});
afterAll(() => folder.dispose());

async function copy(name: string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  await copyFile(join(whole, 'data.mdb'), join(path, 'data.mdb'));
  return path;
}

it('reports a file that was cut off, anywhere, instead of dying of SIGBUS', async () => {
  const { size } = await stat(join(whole, 'data.mdb'));
  const path = await copy('cut');
  const file = join(path, 'data.mdb');
  assertSound(path, file);
  for (const share of [0.999, 0.7, 0.3, 0.01, 0]) {
    await truncate(file, Math.floor(size * share));
    expect(() => openCache(path)).toThrow(expect.objectContaining({ code: 'CACHE_CORRUPT', key: path }));
    if (share > 0) await expect(writeCache(path, IDENTITY)).rejects.toMatchObject({ code: 'CACHE_CORRUPT' });
  }
  const half = await copy('half');
  await truncate(join(half, 'data.mdb'), Math.floor(size / 2));
  const { code, stderr } = await pipeline(['inspect', half, '--verify']);
  expect(code).toBe(1);
  expect(stderr).toContain('CACHE_CORRUPT');
});

it('opens a file whose last pages are in no tree, and sees by the trees when one that is has gone', async () => {
  const path = await copy('short');
  const file = join(path, 'data.mdb');
  const bytes = await readFile(file);
  // As a transaction leaves it that used pages at the end and freed them again.
  for (const meta of [0, 2048, 4096]) {
    if (bytes.readUInt32LE(meta + 24) !== 0xbeefc0de) continue;
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(meta + LAST_PAGE) + 3n, meta + LAST_PAGE);
  }
  await writeFile(file, bytes);
  assertSound(path, file);
  const cache = openCache(path, { identity: IDENTITY });
  await cache.verify();
  expect(cache.length).toBe(PHOTOS);
  await cache.close();
  let seen = 0;
  for (let pages = bytes.length / 4096 - 1; pages > bytes.length / 4096 - 40; pages--) {
    await truncate(file, pages * 4096);
    try {
      assertSound(path, file);
    } catch {
      seen += 1;
    }
  }
  // Only the very last pages may be free ones.
  expect(seen).toBeGreaterThan(30);
});

it('refuses what is no data file', async () => {
  const path = join(folder.path, 'other');
  await mkdir(path);
  await writeFile(join(path, 'data.mdb'), 'x'.repeat(9000));
  expect(() => openCache(path)).toThrow(expect.objectContaining({ code: 'CACHE_CORRUPT' }));
});
