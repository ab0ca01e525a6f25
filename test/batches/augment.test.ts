import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { augmenter } from '#src/augment/augmenter.js';
import { mixBatch } from '#src/augment/mix.js';
import { augmentationOf } from '#src/augment/parameters.js';
import type { AugmentationRecipe } from '#src/augment/schema.js';
import type { Batch, BatchOptions } from '#src/batches.js';
import { uniform } from '#src/random.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../fixtures.js';
import { copies } from './copies.js';

const SIZE = { height: 12, width: 10 };
const COUNT = 20;
const RECIPE: AugmentationRecipe = { rotation: [-0.1, 0.1], flip: 'horizontal', contrast: [0.2, 0.2] };
const samples = Array.from({ length: COUNT }, (_, key) => ({ key, label: key < 4 ? 0 : 1 }));
const photoOf = (key: number) =>
  Uint8Array.from({ length: SIZE.height * SIZE.width * 3 }, (_, at) => Math.floor(256 * uniform(key, at)));

let folder: { path: string; dispose(): Promise<void> };
let cache: TensorCache;
beforeAll(async () => {
  folder = await temporaryFolder('augmented');
  const path = join(folder.path, 'cache');
  const writer = await writeCache(path, pixelIdentity({ ...SIZE, fit: 'stretch', decoder: 'turbo' }));
  for (const { key } of samples) await writer.put(key.toString(16).padStart(64, '0'), photoOf(key));
  await writer.close();
  cache = openCache(path);
});
afterAll(async () => {
  await cache.close();
  await folder.dispose();
});

const all = (options: Partial<BatchOptions>) =>
  copies(cache, { samples, batchSize: 8, shuffle: { seed: 3, epoch: 2 }, ...options });

const rowsOf = ({ values, shape }: Batch) => {
  const numbers = shape.slice(1).reduce((product, size) => product * size, 1);
  return Array.from({ length: shape[0]! }, (_, row) => values.slice(row * numbers, (row + 1) * numbers));
};

describe('batches that augment', () => {
  it.each([0, 1, 2])('show the view that a photo has in the epoch, with %i threads', async (workers) => {
    const augment = { recipe: RECIPE, seed: 9, epoch: 2 };
    const target = { height: 7, width: 9 };
    const kernel = augmenter({ source: SIZE, target, normalise: 'torch' });
    const view = new Float32Array(7 * 9 * 3);
    for (const batch of await all({ augment, ...target, normalise: 'torch', workers })) {
      expect(batch.shape.slice(1)).toEqual([7, 9, 3]);
      for (const [row, values] of rowsOf(batch).entries()) {
        const key = batch.keys[row]!;
        kernel.source.set(photoOf(key));
        kernel.augment(augmentationOf(RECIPE, { ...augment, key }), view);
        expect(values).toEqual(view);
      }
    }
  });

  it('show other views in another epoch, and several of a photo that a balanced epoch repeats', async () => {
    const of = async (epoch: number) =>
      all({ augment: { recipe: RECIPE, seed: 9, epoch }, shuffle: { seed: 3, epoch: 2 } });
    expect((await of(1))[0]!.values).not.toEqual((await of(2))[0]!.values);
    const seen = new Map<number, Set<string>>();
    let rare = 0;
    for (const batch of await all({ augment: { recipe: RECIPE, seed: 9, epoch: 1 }, balance: 'class' })) {
      for (const [row, values] of rowsOf(batch).entries()) {
        if (batch.labels[row] !== 0) continue;
        rare += 1;
        const views = seen.get(batch.keys[row]!) ?? new Set();
        seen.set(batch.keys[row]!, views.add(Buffer.from(values.buffer).toString('hex')));
      }
    }
    expect(rare).toBe(COUNT / 2);
    expect([...seen.values()].reduce((sum, views) => sum + views.size, 0)).toBe(rare);
  });

  it.each([0, 2])('mix the batch that they would have given, with %i threads', async (workers) => {
    const draws = { seed: 9, epoch: 2 };
    const recipe = { ...RECIPE, mixup: 0.4, cutmix: 1 };
    const plain = await all({ augment: { recipe: RECIPE, ...draws }, workers });
    const mixed = await all({ augment: { recipe, ...draws }, workers });
    for (const [index, batch] of plain.entries()) {
      expect(batch.mixed).toBeUndefined();
      const values = batch.values as Float32Array;
      const { others, weights } = mixBatch(recipe, draws, { ...batch, values });
      expect(mixed[index]!.values).toEqual(values);
      expect(mixed[index]!.mixed).toEqual({ others, shares: weights });
    }
  });
});
