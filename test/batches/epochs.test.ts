import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Batch, type BatchOptions, batches, openReaders, readState } from '#src/batches.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../fixtures.js';
import { copies } from './copies.js';

const COUNT = 23;
const EPOCHS = 3;
const shift = new URL('./shift.js', import.meta.url).href;
const samples = Array.from({ length: COUNT }, (_, index) => ({ key: COUNT - 1 - index, label: index % 3 }));
let folder: { path: string; dispose(): Promise<void> };
let cache: TensorCache;
beforeAll(async () => {
  folder = await temporaryFolder('epochs');
  const path = join(folder.path, 'cache');
  const identity = pixelIdentity({ height: 4, width: 5, fit: 'stretch', decoder: 'turbo' });
  const writer = await writeCache(path, identity);
  for (let key = 0; key < COUNT; key++) {
    await writer.put(
      key.toString(16).padStart(64, '0'),
      Uint8Array.from({ length: 60 }, (_, at) => 3 * key + at),
    );
  }
  await writer.close();
  cache = openCache(path);
});
afterAll(async () => {
  await cache.close();
  await folder.dispose();
});

const all = (options: BatchOptions) => copies(cache, options);

const block = { mode: 'block' as const, block: 3, window: 2 };
const mixing = { rotation: 0.2, flip: 'horizontal' as const, mixup: 0.4 };
/** Of the epoch so many after the first. */
const streams: ((number: number) => Partial<BatchOptions>)[] = [
  (number) => ({ shuffle: { seed: 3, epoch: 2 + number } }),
  (number) => ({ shuffle: { seed: 3, epoch: number - 1, ...block }, last: 'drop' }),
  (number) => ({ shuffle: { seed: 5, epoch: number }, balance: 'class', last: 'pad' }),
  (number) => ({ shuffle: { seed: 5, epoch: number }, shard: { index: 1, count: 2 } }),
  (number) => ({
    shuffle: { seed: 1, epoch: 4 + number },
    augment: { recipe: mixing, seed: 8, epoch: 6 + number },
    normalise: 'tf',
  }),
  (number) => ({ shuffle: { seed: 1, epoch: number }, transform: { module: shift, options: { add: 0.5 } } }),
];
const stream = fc.constantFrom(...streams);
const size = fc.integer({ min: 1, max: 30 });

describe('a stream of several epochs', () => {
  it('is the streams of each, one after the other, and goes on from any state, at any number of workers', async () => {
    const readers = [0, openReaders(cache, 1), openReaders(cache, 2)];
    const reading = fc.constantFrom(...readers);
    await fc.assert(
      fc.asyncProperty(
        stream,
        size,
        reading,
        reading,
        fc.nat(),
        async (of, batchSize, workers, others, at) => {
          const options = (number: number) => ({ samples, batchSize, ...of(number) });
          const apart: Batch[] = [];
          for (let number = 0; number < EPOCHS; number++) apart.push(...(await all(options(number))));
          const whole = await all({ ...options(0), epochs: EPOCHS, workers });
          expect(whole).toEqual(apart);
          if (whole.length === 0) return;
          const stopped = at % whole.length;
          const { state, epoch } = whole[stopped]!;
          const rest = await all({ ...options(0), epochs: EPOCHS, workers: others, from: state });
          expect(rest).toEqual(whole.slice(stopped + 1));
          const number = epoch - whole[0]!.epoch;
          expect(await all({ ...options(number), from: state })).toEqual(
            whole.slice(stopped + 1).filter((batch) => batch.epoch === epoch),
          );
        },
      ),
      { numRuns: 60 },
    );
    await Promise.all(readers.map((some) => typeof some !== 'number' && some.close()));
  }, 60_000);

  it('counts epochs without a shuffle too, and goes on from the state of any', async () => {
    const options = { samples, batchSize: 8, epochs: EPOCHS };
    const whole = await all(options);
    expect(whole.map(({ epoch, index }) => [epoch, index])).toEqual(
      [0, 1, 2].flatMap((epoch) => [0, 1, 2].map((index) => [epoch, index])),
    );
    for (const [at, { state }] of whole.entries()) {
      expect(readState(state).epoch).toBe(Math.floor(at / 3));
      expect(await all({ ...options, from: state })).toEqual(whole.slice(at + 1));
    }
  });

  it('reads ahead into the next epoch', async () => {
    const readers = openReaders(cache, 1);
    const read = batches(cache, { samples, batchSize: COUNT, epochs: 2, workers: readers, ahead: 1 });
    const { value } = await read.next();
    // Two buffers at least: the second epoch's only batch is made while the first's is held.
    const first = (value as Batch).values.slice();
    const { value: second } = await read.next();
    expect((second as Batch).epoch).toBe(1);
    expect((value as Batch).values).toEqual(first);
    expect((second as Batch).values.buffer).not.toBe((value as Batch).values.buffer);
    await read.return(undefined);
    await readers.close();
  });

  it('refuses counts that are none, and states of epochs that it has not', async () => {
    const options = { samples, batchSize: 8, shuffle: { seed: 1, epoch: 5 } };
    const wrong = (message: RegExp) => ({
      code: 'USAGE',
      message: expect.stringMatching(message) as string,
    });
    for (const epochs of [0, -1, 1.5, Number.NaN]) {
      await expect(all({ ...options, epochs })).rejects.toMatchObject(wrong(/epochs/));
    }
    const last = { seed: 1, epoch: Number.MAX_SAFE_INTEGER };
    await expect(all({ ...options, shuffle: last, epochs: 2 })).rejects.toMatchObject(wrong(/last one/));
    await expect(all({ ...options, epochs: 2 ** 30, workers: 1 })).rejects.toMatchObject(
      wrong(/at most \d+ batches/),
    );
    const [{ state } = { state: '' }] = await all({ ...options, shuffle: { seed: 1, epoch: 7 } });
    await expect(all({ ...options, epochs: 2, from: state })).rejects.toMatchObject(wrong(/epoch 5 .* 7$/));
    expect(await all({ ...options, epochs: 3, from: state })).toHaveLength(2);
  });
});
