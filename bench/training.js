// Optimiser steps of the small network, forward and backward, by backend.
import { join } from 'node:path';
import { startBackend } from '#src/models/backends/index.js';
import { buildClassifier, frozenLayers } from '#src/models/classifier.js';
import { cutModel } from '#src/models/cut.js';
import { trainEpoch } from '#src/models/epoch.js';
import { createFeed } from '#src/models/feed.js';
import { networks } from '#src/models/networks/index.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { measure } from './measure.js';

/** Small, because the cpu backend takes seconds a step. */
const SIZE = 24;
const BATCH = 8;
const PHASE = { train: 'all', epochs: 1, optimizer: 'adam', learningRate: 0.002 };
const CLASSES = 12;
/** Batches a measurement: the slower backend gets fewer. */
const STEPS = { wasm: 32, cpu: 1 };

export default async function training({ photos, folder }) {
  const cache = await pixelCache(join(folder, 'cache-24'), photos.slice(0, BATCH * STEPS.wasm));
  const backends = [await startBackend('wasm'), await startBackend('cpu')];
  const feeds = [];
  try {
    const sides = backends.map((backend) => [backend.name, stepsOn(backend, cache, feeds)]);
    await measure(
      `Train small-cnn on ${SIZE} × ${SIZE} photos, all layers, batches of ${BATCH}`,
      Object.fromEntries(sides),
    );
  } finally {
    for (const feed of feeds) await feed.close();
    for (const backend of backends) await backend.stop();
    await cache.close();
  }
}

/** Some training steps; the model keeps its weights from one call to the next. */
function stepsOn({ name, tf }, cache, feeds) {
  const count = BATCH * STEPS[name];
  const samples = [...cache.keys()].slice(0, count).map((key) => ({ key, label: key % CLASSES }));
  const network = networks['small-cnn'];
  let made;
  return async () => {
    await tf.setBackend(name);
    if (made === undefined) {
      made = make(tf, network, cache);
      feeds.push(made.feed);
    }
    await trainEpoch({
      ...made,
      tf,
      samples,
      batchSize: BATCH,
      labelSmoothing: 0,
      shuffle: { seed: 1, epoch: 1 },
      signal: new AbortController().signal,
    });
    return count;
  };
}

function make(tf, network, cache) {
  const head = { units: [], dropout: 0, labelSmoothing: 0 };
  const model = buildClassifier(tf, { network, height: SIZE, width: SIZE, classes: CLASSES, head, seed: 1 });
  const cut = cutModel(tf, model, frozenLayers(model, network, PHASE));
  return {
    cut,
    feed: createFeed(tf, cache, network.preprocessing),
    optimizer: createOptimizer(tf, PHASE, cut.variables),
  };
}

/** The first bytes of each photo: what a step costs does not depend on what they show. */
async function pixelCache(path, photos) {
  const writer = await writeCache(
    path,
    pixelIdentity({ height: SIZE, width: SIZE, fit: 'stretch', decoder: 'turbo' }),
  );
  await Promise.all(photos.map(({ sha256, pixels }) => writer.put(sha256, pixels.slice(0, SIZE * SIZE * 3))));
  await writer.close();
  return openCache(path);
}
