import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CacheIdentity } from '#src/sinks/tensor-cache/cache.js';
import { openDatabases } from '#src/sinks/tensor-cache/databases.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { digestOf } from './digest.js';

const IDENTITY = pixelIdentity({ height: 16, width: 12, fit: 'stretch', decoder: 'turbo' });
const BYTES = 16 * 12 * 3;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const shaOf = (index: number) => createHash('sha256').update(`photo ${index}`).digest('hex');
const pixelsOf = (index: number) =>
  Uint8Array.from({ length: BYTES }, (_, at) => (at * 7 + index * 13) % 256);

async function build(name: string, count: number, { awaitEach = false } = {}): Promise<string> {
  const path = join(folder, name);
  const writer = await writeCache(path, IDENTITY);
  const puts: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const put = writer.put(shaOf(index), pixelsOf(index));
    if (awaitEach) await put;
    puts.push(put);
  }
  await Promise.all(puts);
  await writer.close();
  return path;
}

it('gives back what was put, under dense keys in the order of the puts', async () => {
  const cache = openCache(await build('a', 30), { identity: IDENTITY });
  expect(cache.length).toBe(30);
  expect([...cache.keys()]).toEqual([...Array(30).keys()]);
  const target = new Uint8Array(BYTES + 5);
  for (const index of [0, 29, 7]) {
    const key = cache.keyOf(shaOf(index))!;
    expect(key).toBe(index);
    cache.read(key, target, 5);
    expect(target.subarray(5)).toEqual(pixelsOf(index));
  }
  expect(cache.keyOf(shaOf(99))).toBeUndefined();
  expect(() => cache.read(99, target)).toThrow('Expected key 99');
  await cache.close();
});

it('reads many at once, and tells what is missing from what has another size', async () => {
  const path = await build('many', 30);
  const { root, values } = openDatabases(path, { readOnly: false });
  await values.put(4, Buffer.alloc(BYTES + 1));
  await values.put(5, Buffer.alloc(BYTES - 1));
  await root.close();
  const cache = openCache(path);
  const target = new Uint8Array(new SharedArrayBuffer(3 * BYTES + 9)).subarray(5);
  cache.prefetch(Uint32Array.of(29, 99, 7));
  cache.readAll([29, 0, 7], target);
  expect([...target.subarray(0, 3 * BYTES)]).toEqual([29, 0, 7].flatMap((index) => [...pixelsOf(index)]));
  expect([...target.subarray(3 * BYTES)]).toEqual([0, 0, 0, 0]);
  expect(() => cache.readAll([1, 99], target)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  for (const wrong of [4, 5]) {
    expect(() => cache.readAll([wrong], target)).toThrow(expect.objectContaining({ code: 'CACHE_CORRUPT' }));
  }
  expect(() => cache.readAll([1, 2, 3, 6], target)).toThrow(RangeError);
  // What other reads copy to is as it was.
  cache.read(8, target);
  expect([...target.subarray(0, BYTES)]).toEqual([...pixelsOf(8)]);
  expect(cache.keyOf(shaOf(8))).toBe(8);
  await cache.close();
});

it('goes on behind the only photo that it holds', async () => {
  await build('single', 1);
  const cache = openCache(await build('single', 2));
  expect([cache.keyOf(shaOf(0)), cache.keyOf(shaOf(1))]).toEqual([0, 1]);
  await cache.close();
});

it('has the same digest wherever commits fell, and another for other contents', async () => {
  const whole = await digestOf(await build('whole', 40));
  expect(await digestOf(await build('each', 40, { awaitEach: true }))).toBe(whole);
  const path = await build('halves', 17);
  expect(await digestOf(path)).not.toBe(whole);
  await build('halves', 40);
  expect(await digestOf(path)).toBe(whole);
});

it('keeps samples of several tasks, which name their photos', async () => {
  const path = await build('samples', 3);
  const writer = await writeCache(path, IDENTITY);
  const sample = (index: number, label: string) => ({
    sha256: shaOf(index),
    label,
    split: 'train' as const,
    component: 'c',
  });
  await writer.putSamples('color', 'h1', [sample(0, 'old'), sample(1, 'old')]);
  await writer.putSamples('color', 'h1', [sample(2, 'red')]);
  await writer.putSamples('brand', 'h2', [sample(1, 'x')]);
  await writer.close();
  const cache = openCache(path);
  expect(cache.samples('color', 'h1')).toEqual([{ key: 2, label: 'red', split: 'train', component: 'c' }]);
  expect(cache.samples('brand', 'h2')).toHaveLength(1);
  expect(cache.samples('color', 'other')).toBeUndefined();
  await cache.close();
});

it('refuses another identity, says what differs, and refuses what is no cache', async () => {
  const path = await build('mine', 2);
  const other: CacheIdentity = { ...IDENTITY, width: 24 };
  await expect(writeCache(path, other)).rejects.toMatchObject({ code: 'CACHE_MISMATCH' });
  expect(() => openCache(path, { identity: other })).toThrow('width 24 but received 12');
  expect(() => openCache(join(folder, 'nowhere'))).toThrow('there is none');
  await expect(build('mine', 3)).resolves.toBe(path);
});

it('keeps float32 vectors in the same kind of cache', async () => {
  const identity: CacheIdentity = {
    kind: 'vectors',
    schemaVersion: 1,
    length: 5,
    dtype: 'float32',
    network: 'mobilenet',
    weights: 'w',
    layer: 'l',
    preprocessing: 'tf',
    view: 0,
    pixels: 'p',
  };
  const path = join(folder, 'vectors');
  const writer = await writeCache(path, identity);
  const vector = Float32Array.of(1.5, -2, 3e-8, 0, 7);
  await writer.put(shaOf(1), new Uint8Array(vector.buffer));
  await writer.close();
  const cache = openCache(path, { identity });
  const target = new Float32Array(5);
  cache.read(0, new Uint8Array(target.buffer));
  expect(target).toEqual(vector);
  await cache.close();
});

it('digests any number of samples databases', async () => {
  // Opening databases while another was iterated broke the reader's transaction, now and then.
  for (let repeat = 0; repeat < 20; repeat++) {
    const path = await build(`many-samples-${repeat}`, 70);
    const writer = await writeCache(path, IDENTITY);
    for (let index = 0; index < 12; index++) {
      await writer.putSamples('color', `h${index}`, [
        { sha256: shaOf(index), label: 'red', split: 'train', component: 'c' },
      ]);
    }
    await writer.close();
    const cache = openCache(path);
    expect(await cache.digest()).toMatch(/^[0-9a-f]{64}$/);
    await cache.close();
  }
});

it('refuses names, samples and values that are none, and goes on', async () => {
  const path = join(folder, 'a');
  const writer = await writeCache(path, IDENTITY);
  const usage = { code: 'USAGE' };
  for (const name of ['', 'abc', shaOf(1).toUpperCase(), null, undefined, 7]) {
    await expect(writer.put(name as string, pixelsOf(1)), `${name}`).rejects.toMatchObject(usage);
  }
  await writer.put(shaOf(1), pixelsOf(1));
  const sample = { sha256: shaOf(1), label: 'red', split: 'train' as const, component: 'c' };
  const wrong: unknown[] = [
    null,
    [null],
    [{ ...sample, sha256: 'x' }],
    [{ ...sample, label: undefined }],
    [{ ...sample, split: 'nope' }],
    [{ ...sample, component: 3 }],
  ];
  for (const samples of wrong) {
    await expect(writer.putSamples('color', 'h', samples as [])).rejects.toMatchObject(usage);
  }
  await expect(writer.putSamples('c'.repeat(3000), 'h', [sample])).rejects.toMatchObject(usage);
  await writer.putSamples('color', 'h', [sample]);
  const absent = writer.putSamples('color', 'h', [sample, { ...sample, sha256: shaOf(2) }]);
  await expect(absent).rejects.toMatchObject({ code: 'NOT_FOUND' });
  void writer.put(shaOf(2), pixelsOf(2));
  await writer.putSamples('color', 'h2', [{ ...sample, sha256: shaOf(2) }]);
  await writer.close();
  const cache = openCache(path);
  expect(cache.length).toBe(2);
  expect(cache.samples('color', 'h')).toEqual([{ key: 0, label: 'red', split: 'train', component: 'c' }]);
  expect(cache.samples('color', 'h2')).toHaveLength(1);
  expect(await cache.verify()).toEqual({ sealed: true });
  await cache.close();
});

it('makes no cache of an identity that is none', async () => {
  const wrong = [
    null,
    {},
    { ...IDENTITY, height: 0 },
    { ...IDENTITY, width: 32.5 },
    { ...IDENTITY, fit: 'x' },
  ];
  for (const identity of wrong) {
    await expect(writeCache(join(folder, 'none'), identity as never)).rejects.toMatchObject({
      code: 'USAGE',
    });
  }
  expect(existsSync(join(folder, 'none'))).toBe(false);
});

it('stores bytes, and no other numbers', async () => {
  const writer = await writeCache(join(folder, 'a'), IDENTITY);
  for (const value of [
    new Uint16Array(BYTES),
    new Float32Array(BYTES),
    [...pixelsOf(1)],
    'x'.repeat(BYTES),
  ]) {
    await expect(writer.put(shaOf(1), value as never)).rejects.toThrow(RangeError);
  }
  await writer.put(shaOf(1), pixelsOf(1));
  await writer.close();
});

it('closes a writer once, however often it is asked to, and then takes nothing more', async () => {
  const writer = await writeCache(join(folder, 'a'), IDENTITY);
  await writer.put(shaOf(1), pixelsOf(1));
  await Promise.all([writer.close(), writer.close()]);
  // Files that get the numbers of those that were closed.
  const files = Array.from({ length: 40 }, (_, index) => openSync(join(folder, `${index}`), 'w'));
  await writer.close();
  for (const file of files) {
    writeSync(file, 'whole');
    closeSync(file);
  }
  for (const work of [
    () => writer.put(shaOf(2), pixelsOf(2)),
    () => writer.remove(shaOf(1)),
    () => writer.putSamples('color', 'h', []),
    () => writer.removeSamples('color', 'h'),
  ]) {
    await expect(work()).rejects.toMatchObject({ code: 'USAGE' });
  }
});
