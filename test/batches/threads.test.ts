import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Batch, type BatchOptions, batches, openReaders, readState } from '#src/batches.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../fixtures.js';
import { copies } from './copies.js';

const COUNT = 41;
const shift = new URL('./shift.js', import.meta.url).href;
const samples = Array.from({ length: COUNT }, (_, index) => ({ key: COUNT - 1 - index, label: index % 4 }));
let folder: { path: string; dispose(): Promise<void> };
let cache: TensorCache;
/** Threads that this process has started and that have not ended. */
const threads = new Set<Worker>();
let started = 0;
const unhandled: unknown[] = [];
const onWorker = (worker: Worker) => {
  started += 1;
  threads.add(worker);
  worker.once('exit', () => threads.delete(worker));
};
const onUnhandled = (error: unknown) => unhandled.push(error);

beforeAll(async () => {
  process.on('worker', onWorker);
  process.on('unhandledRejection', onUnhandled);
  folder = await temporaryFolder('threads');
  const identity = pixelIdentity({ height: 2, width: 3, fit: 'stretch', decoder: 'turbo' });
  const writer = await writeCache(join(folder.path, 'cache'), identity);
  for (let key = 0; key < COUNT; key++) {
    await writer.put(
      key.toString(16).padStart(64, '0'),
      Uint8Array.from({ length: 18 }, (_, at) => key + at),
    );
  }
  await writer.close();
  cache = openCache(join(folder.path, 'cache'));
});
afterEach(async () => {
  await new Promise(setImmediate);
  expect(threads.size).toBe(0);
  expect(unhandled).toEqual([]);
});
afterAll(async () => {
  process.off('worker', onWorker);
  process.off('unhandledRejection', onUnhandled);
  await cache.close();
  await folder.dispose();
});

const all = (options: BatchOptions) => copies(cache, options);

const orders: Partial<BatchOptions>[] = [
  {},
  { shuffle: { seed: 3, epoch: 2 }, last: 'pad' },
  { shuffle: { seed: 3, epoch: 2, mode: 'block', block: 4, window: 2 }, last: 'drop' },
  { shuffle: { seed: 3, epoch: 2 }, balance: 'class', shard: { index: 1, count: 2 } },
  { shuffle: { seed: -1, epoch: 0 }, normalise: 'torch' },
  {
    shuffle: { seed: 1, epoch: 1 },
    transform: { module: shift, options: { add: 0.5 } },
    height: 1,
    width: 2,
  },
];

describe('batches', () => {
  it('goes on from any state with the identical rest, at any number of workers', async () => {
    const readers = [0, openReaders(cache, 1), openReaders(cache, 2)];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...orders),
        fc.integer({ min: 1, max: 15 }),
        fc.constantFrom(...readers),
        fc.constantFrom(...readers),
        fc.nat(),
        async (order, batchSize, workers, otherWorkers, at) => {
          const options = { samples, batchSize, ...order };
          const whole = await all({ ...options, workers });
          expect(whole.length).toBeGreaterThan(0);
          const stopped = at % whole.length;
          const { state } = whole[stopped]!;
          expect(readState(state).next).toBe(stopped + 1);
          const rest = await all({ ...options, workers: otherWorkers, from: state });
          expect(rest).toEqual(whole.slice(stopped + 1));
        },
      ),
      { numRuns: 60 },
    );
    await Promise.all(readers.map((some) => typeof some !== 'number' && some.close()));
  }, 60_000);

  it('refuses the state of other samples, options, seeds and epochs', async () => {
    const options = { samples, batchSize: 4, shuffle: { seed: 1, epoch: 1 } };
    const [first] = await all(options);
    const from = first!.state;
    const others: [RegExp, Partial<BatchOptions>][] = [
      [/samples/, { samples: samples.slice(1) }],
      [/options/, { batchSize: 5 }],
      [/options/, { normalise: 'scale' }],
      [/seed 2/, { shuffle: { seed: 2, epoch: 1 } }],
      [/epoch 2/, { shuffle: { seed: 1, epoch: 2 } }],
      [/"x"/, { from: 'x' }],
    ];
    for (const [message, other] of others) {
      const refused = all({ ...options, from, ...other });
      await expect(refused).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it('runs a transform on each photo, with the draws of its place in the epoch', async () => {
    const transform = { module: shift, options: { add: 0.5 } };
    const shuffle = { seed: 1, epoch: 2 };
    const [, second] = await all({
      samples,
      batchSize: 8,
      shuffle,
      transform,
      height: 1,
      width: 2,
      normalise: 'scale',
      workers: 1,
    });
    expect(second!.shape).toEqual([8, 1, 2, 3]);
    for (let row = 0; row < 8; row++) {
      const expected = second!.keys[row]! / 255 + 0.5 + 1 + 20 + 1000 * (8 + row);
      expect([...second!.values.subarray(6 * row, 6 * row + 6)]).toEqual(
        new Array(6).fill(Math.fround(expected)),
      );
    }
  });

  it('makes batches ahead while one is held, and keeps those that are held', async () => {
    const stream = batches(cache, { samples, batchSize: 4, workers: 2, buffers: 3, ahead: 2 });
    const held: { values: Batch['values']; copy: Batch['values'] }[] = [];
    for await (const { values } of stream) {
      held.push({ values, copy: values.slice() });
      // Time enough for the threads to fill what they may.
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const { values: kept, copy } of held.slice(-3)) expect(kept).toEqual(copy);
    }
    expect(held).toHaveLength(11);
  });

  it('reads one stream after the other with the same threads', async () => {
    const before = started;
    const readers = openReaders(cache, 2);
    try {
      for (const order of orders) {
        const options = { samples, batchSize: 5, ...order };
        expect(await all({ ...options, workers: readers })).toEqual(await all(options));
      }
      expect(await all({ samples, batchSize: 50, workers: readers })).toHaveLength(1);
    } finally {
      await readers.close();
    }
    expect(started - before).toBe(2);
  });

  it.each([0, 1])('lends the memory of readers with %d threads to one stream at a time', async (workers) => {
    const readers = openReaders(cache, workers);
    const options = { samples, batchSize: 5, workers: readers };
    const stream = batches(cache, options);
    const first = (await stream.next()).value!;
    await expect(all(options)).rejects.toMatchObject({ code: 'USAGE' });
    await stream.return(undefined);
    const next = batches(cache, options);
    expect((await next.next()).value!.values.buffer).toBe(first.values.buffer);
    await next.return(undefined);
    await readers.close();
  });

  it.each([0, 1, 2])(
    'are closed, with %d threads, under a stream that is not asked for more',
    async (workers) => {
      const before = started;
      const readers = openReaders(cache, workers);
      const stream = batches(cache, { samples, batchSize: 2, workers: readers });
      const first = (await stream.next()).value!;
      const copy = first.values.slice();
      await readers.close();
      expect(first.values).toEqual(copy);
      expect(threads.size).toBe(0);
      await expect(stream.next()).rejects.toMatchObject({ code: 'USAGE' });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(started - before).toBe(workers);
    },
  );

  it('replaces a thread that dies once a stream, to the same batches; what was taken stays', async () => {
    const plan = { samples, batchSize: 2, shuffle: { seed: 3, epoch: 1 }, buffers: 4, ahead: 3 };
    const expected = await all({ ...plan, transform: { module: shift, options: { add: 0.5 } } });
    let times = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.nat(COUNT - 1), async (workers, dieAt) => {
        times += 1;
        const readers = openReaders(cache, workers);
        for (const epoch of ['first', 'second']) {
          const marks = join(folder.path, `died-${times}-${epoch}`);
          const transform = { module: shift, options: { add: 0.5, dieAt, marks, deaths: 1 } };
          const held: { batch: Batch; copy: Batch['values'] }[] = [];
          for await (const batch of batches(cache, { ...plan, transform, workers: readers })) {
            expect([...batch.keys]).toEqual([...expected[batch.index]!.keys]);
            expect([...batch.values]).toEqual([...expected[batch.index]!.values]);
            held.push({ batch, copy: batch.values.slice() });
            for (const { batch: earlier, copy } of held.slice(-4)) expect(earlier.values).toEqual(copy);
          }
          expect(held.length).toBe(expected.length);
          expect(existsSync(`${marks}.0`)).toBe(true);
          expect(threads.size).toBe(workers);
        }
        await readers.close();
      }),
      { numRuns: 8 },
    );
  }, 60_000);

  it('says when a second thread dies over a stream, and is usable for others', async () => {
    const readers = openReaders(cache, 2);
    const options = { add: 0, dieAt: 7, marks: join(folder.path, 'dies-always'), deaths: 9 };
    const transform = { module: shift, options };
    await expect(all({ samples, batchSize: 1, transform, workers: readers })).rejects.toMatchObject({
      code: 'WORKER_CRASHED',
    });
    expect((await all({ samples, batchSize: 1, workers: readers })).length).toBe(COUNT);
    await readers.close();
  });

  it('ends where it is closed while a thread is being replaced', async () => {
    const options = { add: 0, dieAt: COUNT - 2, marks: join(folder.path, 'dies-closed'), deaths: 9 };
    const transform = { module: shift, options };
    const stream = batches(cache, { samples, batchSize: 1, transform, workers: 2 });
    await stream.next();
    await stream.return(undefined);
  });

  it('does not keep a process alive for a stream that is forgotten', async () => {
    const dist = new URL('../../dist/', import.meta.url).href;
    const script = `
      const { batches } = await import('${dist}batches.js');
      const { openCache } = await import('${dist}sinks/tensor-cache/open.js');
      const cache = openCache(${JSON.stringify(cache.path)});
      const samples = Array.from({ length: 41 }, (_, key) => ({ key, label: 0 }));
      const { value } = await batches(cache, { samples, batchSize: 2, workers: 2 }).next();
      console.log(value.size);`;
    const file = join(folder.path, 'forgets.mjs');
    await writeFile(file, script);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 });
    expect(stdout).toBe('2\n');
  }, 30_000);

  it.each([0, 1, 2])(
    'frees its %d threads on an early end, an abort and a failure',
    async (workers) => {
      const options = { samples, batchSize: 2, workers };
      for await (const { index } of batches(cache, options)) if (index === 3) break;
      expect(threads.size).toBe(0);

      const never = batches(cache, options);
      await never.return(undefined);

      const controller = new AbortController();
      const aborted = batches(cache, { ...options, signal: controller.signal });
      await aborted.next();
      controller.abort();
      await expect(aborted.next()).rejects.toMatchObject({ code: 'ABORTED' });
      await expect(all({ ...options, signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
      expect(threads.size).toBe(0);

      const missing = [...samples, { key: 1000, label: 0 }];
      await expect(all({ ...options, samples: missing })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const transform = { module: shift, options: { failAt: 20 } };
      await expect(all({ ...options, transform })).rejects.toThrow(workers === 0 ? /told to fail/ : /thread/);
      const none = { module: `${shift}.none` };
      await expect(all({ ...options, transform: none })).rejects.toMatchObject({ code: 'USAGE' });
      const key = [...samples, { key: 0.5, label: 0 }];
      await expect(all({ ...options, samples: key })).rejects.toMatchObject({ code: 'USAGE' });
      await expect(all({ ...options, dtype: 'int8' } as never)).rejects.toMatchObject({ code: 'USAGE' });
      // A failure that nobody waits for.
      const failing = batches(cache, { ...options, transform });
      await failing.next();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await failing.return(undefined);
    },
    30_000,
  );
});
