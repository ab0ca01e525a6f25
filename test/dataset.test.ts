import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { augmentationSchema } from '#src/augment/schema.js';
import { batches } from '#src/batches.js';
import { type DatasetOptions, dataset } from '#src/dataset.js';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from './fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let backend: StartedBackend;
let tf: Tf;
let cache: TensorCache;
const samples = Array.from({ length: 10 }, (_, key) => ({ key, label: key % 2 }));
beforeAll(async () => {
  folder = await temporaryFolder('dataset');
  const identity = pixelIdentity({ height: 4, width: 4, fit: 'stretch', decoder: 'turbo' });
  const writer = await writeCache(join(folder.path, 'cache'), identity);
  for (const { key } of samples) {
    await writer.put(key.toString(16).padStart(64, '0'), new Uint8Array(48).fill(key % 2 === 0 ? 20 : 230));
  }
  await writer.close();
  cache = openCache(join(folder.path, 'cache'));
  backend = await startBackend('wasm');
  tf = backend.tf;
});
afterAll(async () => {
  await cache.close();
  await backend.stop();
  await folder.dispose();
});

function model() {
  const made = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [4, 4, 3] }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  made.compile({ optimizer: tf.train.adam(0.05), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return made;
}

describe('dataset', () => {
  it('feeds a model’s own fitDataset, epoch after epoch, without leaving tensors', async () => {
    const data = dataset(tf, cache, { samples, batchSize: 3, classes: 2, normalise: 'scale', shuffle: 1 });
    const network = model();
    await network.fitDataset(data, { epochs: 1, verbose: 0 });
    const before = tf.memory().numTensors;
    const { history } = await network.fitDataset(data, { epochs: 8, verbose: 0 });
    expect(tf.memory().numTensors).toBe(before);
    expect(history['loss']).toHaveLength(8);
    expect(history['loss']!.at(-1)).toBeLessThan(history['loss']![0] as number);
    await data.close();
  });

  it('gives every sample once an epoch, in another order each time', async () => {
    const data = dataset(tf, cache, { samples, batchSize: 4, classes: 2, shuffle: 3 });
    const orders: string[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      const labels: number[] = [];
      await data.forEachAsync(({ xs, ys }) => {
        expect(xs.shape.slice(1)).toEqual([4, 4, 3]);
        labels.push(...ys.argMax(-1).dataSync());
        tf.dispose([xs, ys]);
      });
      expect(labels).toHaveLength(10);
      expect(labels.filter((label) => label === 1)).toHaveLength(5);
      orders.push(labels.join(''));
    }
    expect(orders[0]).not.toBe(orders[1]);
  });

  it('goes on from a state with the rest of its epoch, and then the next, with a thread that reads', async () => {
    const common = { samples, batchSize: 4 };
    const passes = async (more: Partial<DatasetOptions>, count: number) => {
      const data = dataset(tf, cache, {
        ...common,
        classes: 2,
        shuffle: { seed: 3, mode: 'block', block: 2 },
        ...more,
      });
      const seen: string[] = [];
      for (let pass = 0; pass < count; pass++) {
        await data.forEachAsync(({ xs, ys }) => {
          seen.push(xs.dataSync().join() + ys.dataSync().join());
          tf.dispose([xs, ys]);
        });
      }
      await data.close();
      return seen;
    };
    const stream = batches(cache, {
      ...common,
      dtype: 'float32',
      shuffle: { seed: 3, epoch: 2, mode: 'block', block: 2 },
    });
    const first = await stream.next();
    await stream.return(undefined);
    const whole = await passes({}, 3);
    expect(await passes({ from: first.value!.state, workers: 1 }, 2)).toEqual(whole.slice(4));
  });

  it('gives mixed photos mixed labels, and other views in each epoch', async () => {
    const recipe = augmentationSchema.parse({ translation: 0.5, mixup: 0.4 });
    const common = { samples, batchSize: 4 };
    const data = dataset(tf, cache, { ...common, classes: 2, augment: { recipe, seed: 5 } });
    const passes: number[][] = [];
    for (const epoch of [1, 2]) {
      const rows: number[][] = [];
      const pixels: number[] = [];
      await data.forEachAsync(({ xs, ys }) => {
        rows.push(...(ys.arraySync() as number[][]));
        pixels.push(...xs.dataSync());
        tf.dispose([xs, ys]);
      });
      const expected: number[][] = [];
      const mixed: number[] = [];
      for await (const batch of batches(cache, { ...common, augment: { recipe, seed: 5, epoch } })) {
        mixed.push(...batch.values);
        for (const [row, label] of batch.labels.entries()) {
          const own = [0, 0];
          own[label]! += batch.mixed!.shares[row]!;
          own[batch.mixed!.others[row]!]! += 1 - batch.mixed!.shares[row]!;
          expected.push(own);
        }
      }
      expect(pixels).toEqual(mixed);
      for (const [row, own] of expected.entries()) {
        for (const [index, share] of own.entries()) expect(rows[row]![index]).toBeCloseTo(share, 6);
      }
      passes.push(pixels);
    }
    expect(passes[0]).not.toEqual(passes[1]);
  });

  it('leaves padding out', async () => {
    const sizes: number[][] = [];
    for (const index of [0, 1, 2]) {
      const shard = { index, count: 3 };
      const data = dataset(tf, cache, { samples, batchSize: 3, classes: 2, last: 'pad', shard });
      const own: number[] = [];
      await data.forEachAsync(({ xs, ys }) => {
        expect(ys.shape[0]).toBe(xs.shape[0]);
        own.push(xs.shape[0]!);
        tf.dispose([xs, ys]);
      });
      sizes.push(own);
    }
    expect(sizes.flat().reduce((sum, size) => sum + size, 0)).toBe(10);
  });

  it('refuses labels beyond its classes, and epochs of its own', async () => {
    const wrong = dataset(tf, cache, { samples: [{ key: 0, label: 7 }], batchSize: 1, classes: 3 });
    const before = tf.memory().numTensors;
    await expect(wrong.forEachAsync(() => {})).rejects.toMatchObject({ code: 'USAGE' });
    expect(tf.memory().numTensors).toBe(before);
    const epochs = { samples, batchSize: 1, classes: 2, epochs: 2 };
    expect(() => dataset(tf, cache, epochs)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('frees an iterator that was left before its end', async () => {
    const data = dataset(tf, cache, { samples, batchSize: 2, classes: 2 });
    const iterator = await data.iterator();
    const { value } = await iterator.next();
    tf.dispose([value.xs, value.ys]);
    await data.close();
    expect((await iterator.next()).done).toBe(true);
  });
});
