import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeState } from '#src/batches/state.js';
import { batches, openReaders, readState } from '#src/batches.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { collect } from './context.js';

const COUNT = 23;
let folder: string;
let cache: TensorCache;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-batches-'));
  const identity = pixelIdentity({ height: 2, width: 2, fit: 'stretch', decoder: 'turbo' });
  const writer = await writeCache(join(folder, 'cache'), identity);
  for (let index = 0; index < COUNT; index++) {
    const sha256 = createHash('sha256').update(String(index)).digest('hex');
    await writer.put(
      sha256,
      Uint8Array.from({ length: 12 }, (_, at) => index * 10 + at),
    );
  }
  await writer.close();
  cache = openCache(join(folder, 'cache'));
});
afterAll(async () => {
  await cache.close();
  await rm(folder, { recursive: true, force: true });
});

const samplesOf = (count: number) => Array.from({ length: count }, (_, key) => ({ key, label: key % 3 }));

it('gives every sample exactly once an epoch, with its own pixels, for any size and seed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(COUNT),
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      fc.nat(5),
      fc.boolean(),
      async (count, batchSize, seed, epoch, dropRemainder) => {
        const seen: number[] = [];
        const last = dropRemainder ? ('drop' as const) : ('keep' as const);
        const options = { samples: samplesOf(count), batchSize, shuffle: { seed, epoch }, last };
        for await (const { size, shape, values, labels, keys, index } of batches(cache, options)) {
          expect(shape).toEqual([size, 2, 2, 3]);
          expect(values.length).toBe(size * 12);
          expect(index * batchSize).toBe(seen.length);
          for (let row = 0; row < size; row++) {
            const key = keys[row]!;
            seen.push(key);
            expect(labels[row]).toBe(key % 3);
            expect(values[row * 12 + 11]).toBe((key * 10 + 11) % 256);
          }
        }
        const kept = dropRemainder ? count - (count % batchSize) : count;
        expect(seen).toHaveLength(kept);
        expect(new Set(seen).size).toBe(kept);
      },
    ),
    { numRuns: 60 },
  );
});

it('normalises as keras.applications does', async () => {
  const pixel = [0, 1, 2].map((at) => 30 + at);
  const first = async (normalise: 'scale' | 'tf' | 'torch' | 'caffe') => {
    const [batch] = await collect(
      batches(cache, { samples: [{ key: 3, label: 0 }], batchSize: 1, normalise }),
    );
    return [...batch!.values.subarray(0, 3)];
  };
  const close = (received: number[], expected: number[]) => {
    for (const [at, value] of expected.entries()) expect(received[at]).toBeCloseTo(value, 4);
  };
  close(
    await first('scale'),
    pixel.map((x) => x / 255),
  );
  close(
    await first('tf'),
    pixel.map((x) => x / 127.5 - 1),
  );
  close(await first('torch'), [
    (30 / 255 - 0.485) / 0.229,
    (31 / 255 - 0.456) / 0.224,
    (32 / 255 - 0.406) / 0.225,
  ]);
  close(await first('caffe'), [32 - 103.939, 31 - 116.779, 30 - 123.68]);
});

it('keeps a batch valid while the next is asked for, and stops on abort', async () => {
  const stream = batches(cache, { samples: samplesOf(COUNT), batchSize: 4 });
  const first = (await stream.next()).value!;
  const copy = [...first.values];
  await stream.next();
  expect([...first.values]).toEqual(copy);
  await stream.return(undefined);
  const controller = new AbortController();
  const aborted = batches(cache, { samples: samplesOf(COUNT), batchSize: 4, signal: controller.signal });
  await aborted.next();
  controller.abort();
  await expect(aborted.next()).rejects.toMatchObject({ code: 'ABORTED' });
});

it('takes the memory of its largest batch, not of its batch size, and of no more batches than there are', async () => {
  for (const workers of [0, 1]) {
    const options = { samples: samplesOf(COUNT), batchSize: 1e12, buffers: 1e9, ahead: 1e9, workers };
    const sizes = await collect(batches(cache, options));
    expect(sizes.map(({ size }) => size)).toEqual([COUNT]);
  }
});

it('refuses counts that are none, readers that are closed or another cache’s, and states of no batch', async () => {
  const options = { samples: samplesOf(COUNT), batchSize: 4 };
  const first = (more: object) => batches(cache, { ...options, ...more } as never).next();
  const usage = { code: 'USAGE' };
  for (const wrong of [Number.NaN, 0, 1.5, Number.POSITIVE_INFINITY, undefined]) {
    await expect(first({ batchSize: wrong })).rejects.toMatchObject(usage);
    if (wrong === undefined) continue;
    await expect(first({ buffers: wrong })).rejects.toMatchObject(usage);
    await expect(first({ ahead: wrong, workers: 1 })).rejects.toMatchObject(usage);
  }
  const readers = openReaders(cache, 1);
  for (const other of [{ path: 'elsewhere' }, { file: 'compacted' }]) {
    const stream = batches({ ...cache, ...other }, { ...options, workers: readers });
    await expect(stream.next()).rejects.toMatchObject(usage);
  }
  await readers.close();
  await expect(first({ workers: readers })).rejects.toMatchObject(usage);
  // Also behind the last batch, where there is nothing to read.
  const end = { from: (await collect(batches(cache, options))).at(-1)!.state };
  expect(await first(end)).toEqual({ done: true, value: undefined });
  await expect(first({ ...end, workers: readers })).rejects.toMatchObject(usage);
  await expect(first({ ...end, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  const { value } = await first({});
  const { next: _, ...identity } = readState(value.state);
  // One batch behind the last is the end of the epoch.
  for (const next of [-3, 1.5, Number.NaN, Math.ceil(COUNT / 4) + 1, 9999]) {
    await expect(first({ from: writeState(identity, next) }), `${next}`).rejects.toMatchObject(usage);
  }
  const { state } = value;
  for (let at = 0; at < state.length; at++) {
    const from = `${state.slice(0, at)}${state[at] === '0' ? '1' : '0'}${state.slice(at + 1)}`;
    await expect(first({ from }), from).rejects.toMatchObject(usage);
    await expect(first({ from: state.slice(0, at) })).rejects.toMatchObject(usage);
  }
  for (const none of [null, 5, {}, '']) expect(() => readState(none as string)).toThrow('Expected a state');
});
