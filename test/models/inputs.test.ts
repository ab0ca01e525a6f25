import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SymbolicTensor, Tensor } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { buildClassifier } from '#src/models/classifier.js';
import { type FitOptions, fitTask } from '#src/models/fit.js';
import { loadModel } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import type { ModelRecipe } from '#src/recipe.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { CLASSES, type Colours, coloursToFit, INPUT, MODEL } from './colours.js';

const network = networks['small-cnn'];
/** The head alone for longer than its rows take turns, then some of the base, then the head again. */
const PHASES: ModelRecipe = {
  ...MODEL,
  head: { units: [6], dropout: 0, labelSmoothing: 0.1 },
  phases: [
    { train: 'head', epochs: 3, optimizer: 'adam', learningRate: 0.01 },
    { train: { from: 'block4_conv' }, epochs: 2, optimizer: 'momentum', learningRate: 0.01 },
    // Features of the base as it was are not those that this head reads.
    { train: 'head', epochs: 1, optimizer: 'adam', learningRate: 0.01 },
  ],
};
const SEED = 1;

let colours: Colours;
let backend: StartedBackend;
let features: TensorCache;
beforeAll(async () => {
  colours = await coloursToFit();
  backend = await startBackend('wasm');
  features = await featuresOfBase();
});
afterAll(async () => {
  await features.close();
  await backend.stop();
  await colours.dispose();
});

/** What the base, as `fitTask` draws it, gives for the photos; later ones stand first, so that keys are others. */
async function featuresOfBase(): Promise<TensorCache> {
  const { tf } = backend;
  const { featureLayer } = network;
  const head = { network, ...INPUT, classes: CLASSES.length, head: PHASES.head, seed: SEED };
  const model = buildClassifier(tf, head);
  const output = model.getLayer(featureLayer).output as SymbolicTensor;
  const base = tf.model({ inputs: model.inputs, outputs: output });
  const path = join(colours.folder, 'base');
  const writer = await writeCache(path, {
    kind: 'vectors',
    schemaVersion: 1,
    length: network.channelsOf(featureLayer, 1),
    dtype: 'float32',
    network: network.name,
    weights: '0'.repeat(64),
    layer: featureLayer,
    preprocessing: network.preprocessing,
    view: 0,
    pixels: '0'.repeat(64),
  });
  for (const { sha256 } of [...colours.samples].reverse()) {
    const bytes = new Uint8Array(16 * 16 * 3);
    colours.cache.read(colours.cache.keyOf(sha256)!, bytes);
    const vector = tf.tidy(() => {
      const x = tf.tensor4d(Float32Array.from(bytes), [1, 16, 16, 3]).div(255);
      return (base.predictOnBatch(x) as Tensor).mean([1, 2]).dataSync<'float32'>();
    });
    await writer.put(sha256, new Uint8Array(vector.slice().buffer));
  }
  await writer.close();
  model.dispose();
  return openCache(path);
}

const trainInto = (name: string, more: Partial<FitOptions> = {}) =>
  fitTask(colours.options(backend, name, { model: PHASES, seed: SEED, ...more }));

async function weightsOf(name: string): Promise<number[]> {
  const { model } = await loadModel(backend.tf, join(colours.folder, name));
  const weights = model.getWeights().flatMap((weight) => [...weight.dataSync()]);
  model.dispose();
  return weights;
}

/** Tells which of two caches is read. */
function watched(cache: TensorCache, onRead: () => void): TensorCache {
  return {
    ...cache,
    readAll(keys, target) {
      onRead();
      cache.readAll(keys, target);
    },
  };
}

describe('phases that train the head alone before others train the base', () => {
  it('learn from stored features what they learn from pixels, and leave later phases to these', async () => {
    let read = 0;
    const own = watched(features, () => {
      read += 1;
    });
    const stored = await trainInto('stored', { headFeatures: { cache: own } });
    const pixels = await trainInto('pixels');
    expect(read).toBeGreaterThan(0);
    expect(stored.history.map(({ phase }) => phase)).toEqual(pixels.history.map(({ phase }) => phase));
    for (const [at, { loss, validationLoss, trainLoss }] of pixels.history.entries()) {
      expect(stored.history[at]!.loss).toBeCloseTo(loss, 4);
      expect(stored.history[at]!.trainLoss).toBeCloseTo(trainLoss, 4);
      expect(stored.history[at]!.validationLoss).toBeCloseTo(validationLoss!, 4);
    }
    const [a, b] = [await weightsOf('stored'), await weightsOf('pixels')];
    expect(a).toHaveLength(b.length);
    expect(Math.max(...a.map((value, at) => Math.abs(value - b[at]!)))).toBeLessThan(1e-3);
  });

  it('do not run the base at all', async () => {
    let pixels = 0;
    const cache = watched(colours.cache, () => {
      pixels += 1;
    });
    const controller = new AbortController();
    const events = eventBus();
    events.events.subscribe((event) => event.type === 'epoch' && event.epoch === 3 && controller.abort());
    const { signal } = controller;
    const checkpoint = { file: join(colours.folder, 'head-only.checkpoint'), key: 'k' };
    const options = { cache, headFeatures: { cache: features }, events, signal, checkpoint };
    await expect(trainInto('head-only', options)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(pixels).toBe(0);
  });

  it.each([[2], [3], [4], [1, 3, 4]])(
    'go on after stops in epochs %j as if there had been none',
    async (...stops) => {
      await trainInto('undisturbed', { headFeatures: { cache: features } });
      const name = `stopped-${stops.join('-')}`;
      const checkpoint = { file: join(colours.folder, `${name}.checkpoint`), key: 'k' };
      for (const stop of stops) {
        const controller = new AbortController();
        const events = eventBus();
        events.events.subscribe(
          (event) => event.type === 'epoch' && event.epoch === stop && controller.abort(),
        );
        const { signal } = controller;
        const stopped = trainInto(name, { headFeatures: { cache: features }, checkpoint, events, signal });
        await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
      }
      await trainInto(name, { headFeatures: { cache: features }, checkpoint });
      const bytesOf = (folder: string) => readFile(join(colours.folder, folder, 'weights.bin'));
      expect((await bytesOf(name)).equals(await bytesOf('undisturbed'))).toBe(true);
    },
  );
});
