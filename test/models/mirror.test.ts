import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { buildClassifier } from '#src/models/classifier.js';
import { cutModel } from '#src/models/cut.js';
import { logitsOfAll } from '#src/models/epoch.js';
import { createFeed, keyedSamples } from '#src/models/feed.js';
import { type FitOptions, fitTask } from '#src/models/fit.js';
import { belowHeads } from '#src/models/heads.js';
import { loadModel } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import { layerOfTaps } from '#src/models/taps.js';
import { softmax } from '#src/models/temperature.js';
import type { ModelRecipe } from '#src/recipe.js';
import type { TensorCache, VectorIdentity } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { CLASSES, type Colours, coloursToFit, INPUT, MODEL } from './colours.js';

const LAYERS = ['block2_pool', 'block3_conv'];
const HEAD: ModelRecipe = {
  ...MODEL,
  mirror: true,
  head: { units: [6], dropout: 0, labelSmoothing: 0, layers: LAYERS },
  phases: [{ train: 'head', epochs: 3, optimizer: 'adam', learningRate: 0.01 }],
};
const SEED = 1;

let colours: Colours;
let backend: StartedBackend;
beforeAll(async () => {
  colours = await coloursToFit();
  backend = await startBackend('wasm');
});
afterAll(async () => {
  await backend.stop();
  await colours.dispose();
});

/** The classifier before it is trained, as `fitTask` draws it. */
const drawn = () =>
  buildClassifier(backend.tf, {
    network: networks['small-cnn'],
    ...INPUT,
    classes: CLASSES.length,
    head: HEAD.head,
    seed: SEED,
  });

/** Copies a cache's photos, changed. */
async function changed(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<TensorCache> {
  const path = join(colours.folder, name);
  const writer = await writeCache(path, pixelIdentity(INPUT));
  for (const { sha256 } of colours.samples) await writer.put(sha256, change(pixelsOf(sha256)));
  await writer.close();
  return openCache(path);
}

function pixelsOf(sha256: string): Uint8Array {
  const bytes = new Uint8Array(16 * 16 * 3);
  colours.cache.read(colours.cache.keyOf(sha256)!, bytes);
  return bytes;
}

/** The pixel at (x, y) is that at (15 − x, y). */
const flipped = (bytes: Uint8Array) =>
  Uint8Array.from(bytes, (_, at) => bytes[at - (at % 48) + 45 - 3 * Math.floor((at % 48) / 3) + (at % 3)]!);

/** The averages of a head's layers, of each photo and then of its mirror image, computed apart from the product. */
async function featuresOf(name: string): Promise<TensorCache> {
  const { tf } = backend;
  const model = drawn();
  const base = tf.model({
    inputs: model.inputs,
    outputs: LAYERS.map((n) => model.getLayer(n).output as never),
  });
  const identity: VectorIdentity = {
    kind: 'vectors',
    schemaVersion: 1,
    length: 2 * LAYERS.reduce((sum, layer) => sum + networks['small-cnn'].channelsOf(layer, 1), 0),
    dtype: 'float32',
    network: 'small-cnn',
    weights: '0'.repeat(64),
    layer: layerOfTaps(LAYERS),
    preprocessing: 'tf',
    view: 0,
    mirrored: true,
    pixels: '0'.repeat(64),
  };
  const path = join(colours.folder, name);
  const writer = await writeCache(path, identity);
  const average = (bytes: Uint8Array) => {
    const pixels = tf.tensor4d(Float32Array.from(bytes), [1, 16, 16, 3]);
    const input =
      networks['small-cnn'].preprocessing === 'scale' ? pixels.div(255) : pixels.div(127.5).sub(1);
    const outputs = base.predictOnBatch(input) as Tensor[];
    return tf.concat(
      outputs.map((output) => output.mean([1, 2])),
      1,
    );
  };
  for (const { sha256 } of colours.samples) {
    const bytes = pixelsOf(sha256);
    const vector = tf.tidy(() =>
      tf.concat([average(bytes), average(flipped(bytes))], 1).dataSync<'float32'>(),
    );
    await writer.put(sha256, new Uint8Array(vector.slice().buffer));
  }
  await writer.close();
  model.dispose();
  return openCache(path);
}

describe('predictions with mirror images', () => {
  it('are the averages of those of a photo and of its mirror image', async () => {
    const { tf } = backend;
    const model = drawn();
    const cut = cutModel(tf, model, belowHeads(model));
    const mirror = await changed('flipped', flipped);
    const probabilities = async (cache: TensorCache, both: boolean) => {
      const feed = createFeed(tf, cache, 'scale');
      const samples = keyedSamples(cache, colours.samples, CLASSES);
      const { signal } = new AbortController();
      const options = { tf, cut, feed, samples, batchSize: 7, signal, mirror: both };
      const logits = await logitsOfAll(options).finally(() => feed.close());
      return softmax(logits[0]!, CLASSES.length);
    };
    const alone = await probabilities(colours.cache, false);
    const other = await probabilities(mirror, false);
    const both = await probabilities(colours.cache, true);
    await mirror.close();
    model.dispose();
    const apart = Math.max(...alone.map((value, at) => Math.abs(value - other[at]!)));
    expect(apart).toBeGreaterThan(1e-4);
    for (const [at, value] of both.entries()) expect(value).toBeCloseTo((alone[at]! + other[at]!) / 2, 6);
  });
});

describe('a head that is trained with mirror images', () => {
  const trained = async (name: string, more: Partial<FitOptions>) => {
    const result = await fitTask(colours.options(backend, name, { model: HEAD, seed: SEED, ...more }));
    const { model, metadata } = await loadModel(backend.tf, join(colours.folder, name));
    const below = belowHeads(model);
    const weights = model.layers
      .filter((layer) => !below.has(layer.name))
      .flatMap((layer) => layer.getWeights().flatMap((weight) => [...weight.dataSync()]));
    model.dispose();
    return { result, weights, metadata };
  };

  it('learns the same from stored features of several layers as from pixels', async () => {
    const features = await featuresOf('features');
    const stored = await trained('stored', { cache: features });
    const pixels = await trained('pixels', {});
    await features.close();
    expect(stored.metadata.mirror).toBe(true);
    expect(stored.weights).toHaveLength(pixels.weights.length);
    const apart = pixels.weights.map((value, at) => Math.abs(value - stored.weights[at]!));
    expect(Math.max(...apart)).toBeLessThan(1e-5);
    for (const [at, { loss, validationLoss }] of pixels.result.history.entries()) {
      expect(stored.result.history[at]!.loss).toBeCloseTo(loss, 5);
      expect(stored.result.history[at]!.validationLoss).toBeCloseTo(validationLoss!, 5);
    }
  });

  it('sees the mirror images in every other epoch', async () => {
    const mirror = await changed('all-flipped', flipped);
    const usual = await trained('usual', {});
    const swapped = await trained('swapped', { cache: mirror });
    const without = await trained('without', { model: { ...HEAD, mirror: false } });
    await mirror.close();
    const losses = ({ result }: typeof usual) => result.history.map(({ loss }) => loss);
    expect(losses(usual)[0]).toBe(losses(without)[0]);
    expect(losses(usual)[1]).not.toBe(losses(without)[1]);
    expect(losses(swapped)[0]).not.toBe(losses(usual)[0]);
    expect(without.metadata).not.toHaveProperty('mirror');
  });
});
