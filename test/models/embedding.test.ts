import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { buildClassifier } from '#src/models/classifier.js';
import { embeddingLayers, embedPhotos } from '#src/models/embedding.js';
import { saveModel } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import { CLASSES, type Colours, coloursToFit, INPUT, MODEL } from './colours.js';
import { cpu } from './tf.js';

const network = networks['small-cnn'];
const { signal } = new AbortController();
let tf: Tf;
let colours: Colours;
beforeAll(async () => {
  tf = await cpu();
  colours = await coloursToFit();
});
afterAll(() => colours.dispose());

const built = (more: Partial<Parameters<typeof buildClassifier>[1]> = {}) =>
  buildClassifier(tf, { network, ...INPUT, classes: 3, head: MODEL.head, seed: 2, ...more });

it('is what the head of the classes reads, whatever stands beside it', () => {
  const branches = [{ name: 'coarse', after: 'block1_conv', classes: 2 }];
  const several = { ...MODEL.head, layers: ['block2_conv', network.featureLayer] };
  const heads = ['a_', 'b_'].map((prefix) => ({ prefix, classes: 3, head: MODEL.head }));
  const pool = 'global_average_pooling';
  for (const [options, layers] of [
    [{}, [pool]],
    [{ branches }, [pool]],
    [{ head: several }, [pool, `${pool}_2`]],
    [{ heads }, [`b_${pool}`]],
  ] as const) {
    const model = built(options);
    expect(embeddingLayers(model)).toEqual(layers);
    model.dispose();
  }
});

it.each([false, true])('is a layer’s own output; by mirror images the mean of both: %s', async (mirror) => {
  const folder = join(colours.folder, `model-${mirror}`);
  const model = built();
  await saveModel(folder, model, {
    schemaVersion: 1,
    task: 'colour',
    classes: CLASSES,
    network: 'small-cnn',
    alpha: 1,
    pretrained: null,
    input: { ...INPUT, preprocessing: 'scale' },
    temperature: 1,
    ...(mirror && { mirror }),
  });
  // More than one batch.
  const samples = colours.samples.slice(0, 40);
  const photos = samples.map(({ sha256 }) => sha256);
  const told: number[] = [];
  const onProgress = (done: number) => told.push(done);
  const { cache } = colours;
  const { embeddings, width } = await embedPhotos({ tf, folder, cache, photos, signal, onProgress });
  expect(embeddings).toHaveLength(40 * width);
  expect(told).toEqual([32, 40]);

  const values = new Uint8Array(40 * cache.valueBytes);
  for (const [row, sha256] of photos.entries())
    cache.read(cache.keyOf(sha256)!, values, row * cache.valueBytes);
  const pool = tf.model({
    inputs: model.inputs,
    outputs: model.getLayer('global_average_pooling').output as never,
  });
  const [expected, others] = tf.tidy(() => {
    const pixels = tf.tensor4d(
      Float32Array.from(values, (value) => value / 255),
      [40, 16, 16, 3],
    );
    const plain = pool.predict(pixels) as Tensor;
    const both = plain.add(pool.predict(pixels.reverse(2)) as Tensor).div(2);
    return [(mirror ? both : plain).dataSync(), (mirror ? plain : both).dataSync()];
  });
  const distance = (to: ArrayLike<number>) =>
    Math.max(...embeddings.map((value, at) => Math.abs(value - to[at]!)));
  expect(distance(expected!)).toBeLessThan(1e-5);
  expect(distance(others!)).toBeGreaterThan(1e-4);
  model.dispose();
});

it('says which photo is not in the cache', async () => {
  const folder = join(colours.folder, 'model-false');
  const asked = embedPhotos({ tf, folder, cache: colours.cache, photos: ['f'.repeat(64)], signal });
  await expect(asked).rejects.toMatchObject({ code: 'NOT_FOUND', key: 'f'.repeat(64) });
});
