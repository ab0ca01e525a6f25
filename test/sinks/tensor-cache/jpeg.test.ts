import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { batches } from '#src/batches.js';
import { pixelPool } from '#src/kernels/pixel-pool.js';
import { compactCache } from '#src/sinks/tensor-cache/compact.js';
import { openDatabases } from '#src/sinks/tensor-cache/databases.js';
import { identityHash, pixelIdentity, pixelTarget } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { exportCache } from '#src/steps/export.js';
import { importCache } from '#src/steps/import.js';

const TARGET = { height: 40, width: 56, fit: 'stretch', decoder: 'turbo' } as const;
const BYTES = 40 * 56 * 3;
const IDENTITY = pixelIdentity({ ...TARGET, storage: 'jpeg' });
const COUNT = 6;
const DIST = new URL('../../../dist/', import.meta.url).href;

let folder: string;
let path: string;
/** What the cache should hold, give or take the loss. */
let raw: { sha256: string; pixels: Uint8Array }[];

/** Soft colours and one hard edge between red and blue, which chroma at half resolution would smear. */
function scene(index: number): Buffer {
  const [width, height] = [112, 80];
  const bytes = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      bytes[at] = x < 56 ? 220 : 30;
      bytes[at + 1] = 40 + index * 20 + Math.round(y / 2);
      bytes[at + 2] = x < 56 ? 30 : 220;
    }
  }
  return bytes;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-jpeg-'));
  const files = [...Array(COUNT).keys()].map((index) => join(folder, `${index}.png`));
  for (const [index, file] of files.entries()) {
    await sharp(scene(index), { raw: { width: 112, height: 80, channels: 3 } })
      .png()
      .toFile(file);
  }
  const pool = pixelPool({ workers: 1 });
  // Both from one decode.
  const photos = (await pool.resize(files, [TARGET, { ...TARGET, storage: 'jpeg' }])).map((result) => {
    if ('fault' in result) throw new Error(result.fault.message);
    const { sha256, pixels } = result.value;
    return { sha256, pixels: pixels[0]!, jpeg: pixels[1]! };
  });
  raw = photos;
  path = join(folder, 'cache');
  const writer = await writeCache(path, IDENTITY);
  for (const { sha256, jpeg } of photos) await writer.put(sha256, jpeg);
  await writer.close();
  await pool.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const meanDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;

it('is an identity of its own, and leaves that of raw caches as it was', () => {
  expect(IDENTITY).toMatchObject({ storage: 'jpeg', versions: { storage: 'jpeg-turbo-2.3-q92-444' } });
  expect(pixelIdentity(TARGET)).toEqual({
    kind: 'pixels',
    schemaVersion: 1,
    height: 40,
    width: 56,
    channels: 3,
    dtype: 'uint8',
    fit: 'stretch',
    decoder: 'turbo',
    versions: { decoder: 'jpeg-turbo-2.3+sharp-0.35', resize: 'bilinear-2' },
  });
  expect(pixelIdentity({ ...TARGET, storage: 'raw' })).toEqual(pixelIdentity(TARGET));
  expect(pixelTarget(IDENTITY)).toEqual({ ...TARGET, storage: 'jpeg' });
  expect(identityHash(IDENTITY)).not.toBe(identityHash(pixelIdentity(TARGET)));
  expect(() => openCache(path, { identity: pixelIdentity(TARGET) })).toThrow('storage null but received');
});

it('gives back photos close to those that were stored, in a fraction of the bytes', async () => {
  const cache = openCache(path, { identity: IDENTITY });
  await cache.verify();
  expect(cache.valueBytes).toBe(BYTES);
  const target = new Uint8Array(BYTES + 7).fill(99);
  for (const { sha256, pixels } of raw) {
    cache.read(cache.keyOf(sha256)!, target, 3);
    const read = target.subarray(3, 3 + BYTES);
    expect(meanDifference(read, pixels)).toBeLessThan(2);
    // The pixels on both sides of the edge keep their colours.
    const largest = pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - read[at]!)), 0);
    expect(largest).toBeLessThan(25);
    expect([target[2], target[3 + BYTES]]).toEqual([99, 99]);
  }
  expect(() => cache.read(0, target, 8)).toThrow(RangeError);
  await cache.close();
  const { root, values } = openDatabases(path, { readOnly: true });
  for (const { value } of values.getRange()) {
    expect(value.length).toBeLessThan(BYTES / 3);
    expect(await sharp(value).metadata()).toMatchObject({
      chromaSubsampling: '4:4:4',
      width: 56,
      height: 40,
    });
  }
  await root.close();
});

it('gives the same batches at any number of threads, into shared memory too', async () => {
  const cache = openCache(path);
  const samples = [...cache.keys()].map((key) => ({ key, label: key }));
  const all = async (workers: number, normalise?: 'scale') => {
    const found: number[][] = [];
    const options = { samples, batchSize: 4, workers, ...(normalise && { normalise }) };
    for await (const { values } of batches(cache, options)) found.push([...values]);
    return found;
  };
  const one = new Uint8Array(BYTES);
  const expected = samples.flatMap(({ key }) => {
    cache.read(key, one);
    return [...one];
  });
  expect((await all(0)).flat()).toEqual(expected);
  expect((await all(2)).flat()).toEqual(expected);
  expect(await all(2, 'scale')).toEqual(await all(0, 'scale'));
  await cache.close();
});

it('reads in a worker thread', async () => {
  const script = `
    import { parentPort } from 'node:worker_threads';
    import { openCache } from ${JSON.stringify(`${DIST}sinks/tensor-cache/open.js`)};
    const cache = openCache(${JSON.stringify(path)});
    const target = new Uint8Array(new SharedArrayBuffer(cache.valueBytes));
    cache.read(2, target);
    await cache.close();
    parentPort.postMessage(target);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  const there = await new Promise<Uint8Array>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  const cache = openCache(path);
  const here = new Uint8Array(BYTES);
  cache.read(2, here);
  expect([...there]).toEqual([...here]);
  await cache.close();
});

it('stores nothing but photos of its size, and names what is none on the disk', async () => {
  const writer = await writeCache(path, IDENTITY);
  const sha256 = 'f'.repeat(64);
  await expect(writer.put(sha256, new Uint8Array(BYTES))).rejects.toThrow(RangeError);
  const other = await sharp(scene(0), { raw: { width: 112, height: 80, channels: 3 } })
    .jpeg()
    .toBuffer();
  await expect(writer.put(sha256, other)).rejects.toThrow('Expected a JPEG of 56 × 40');
  expect(writer.has(sha256)).toBe(false);
  await writer.close();
  const { root, values } = openDatabases(path, { readOnly: false });
  const whole = Buffer.from(values.get(1)!);
  await values.put(1, Buffer.alloc(900, 7));
  await values.put(2, other);
  whole[whole.length >> 1]! ^= 1;
  await values.put(3, whole);
  await root.close();
  const cache = openCache(path);
  const target = new Uint8Array(2 * BYTES);
  for (const key of [1, 2]) {
    expect(() => cache.read(key, target)).toThrow(expect.objectContaining({ code: 'CACHE_CORRUPT' }));
    expect(() => cache.readAll([0, key], target)).toThrow(expect.objectContaining({ code: 'CACHE_CORRUPT' }));
  }
  await expect(cache.verify()).rejects.toMatchObject({ code: 'CACHE_CORRUPT' });
  await cache.close();
});

it('asks for less room than pixels would need, and for enough', async () => {
  const writer = await writeCache(path, IDENTITY);
  const needed = writer.reserve(1000) - writer.reserve(0);
  await writer.close();
  const pixels = await writeCache(join(folder, 'raw'), pixelIdentity(TARGET));
  expect(needed).toBeLessThan(pixels.reserve(1000));
  await pixels.close();
  const { root, values } = openDatabases(path, { readOnly: true });
  for (const { value } of values.getRange()) expect(1000 * value.length).toBeLessThan(needed);
  await root.close();
});

it('is exported as the pixels that it gives, and not imported', async () => {
  const writer = await writeCache(path, IDENTITY);
  const samples = raw.map(({ sha256 }, index) => ({
    sha256,
    label: 'red',
    split: 'train' as const,
    component: `${index}`,
  }));
  await writer.putSamples('color', 'h', samples);
  await writer.close();
  const { signal } = new AbortController();
  const out = join(folder, 'out');
  await exportCache({ cache: path, format: 'numpy', out, workers: 2, signal });
  const images = await readFile(join(out, 'images.npy'));
  const cache = openCache(path);
  const pixels = new Uint8Array(COUNT * BYTES);
  cache.readAll(cache.keys(), pixels);
  await cache.close();
  expect(Buffer.compare(images.subarray(-pixels.length), pixels)).toBe(0);
  const again = importCache({ path: out, format: 'numpy', root: join(folder, 'again'), workers: 1, signal });
  await expect(again).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringMatching(/JPEGs/),
  });
});

it('compacts without encoding again', async () => {
  const before = openCache(path);
  const last = new Uint8Array(BYTES);
  before.read(COUNT - 1, last);
  await before.close();
  const writer = await writeCache(path, IDENTITY);
  expect(await writer.remove(raw[0]!.sha256)).toBe(true);
  await writer.close();
  await compactCache(path);
  const after = openCache(path, { identity: IDENTITY });
  await after.verify();
  const found = new Uint8Array(BYTES);
  after.read(COUNT - 2, found);
  expect(found).toEqual(last);
  await after.close();
});
