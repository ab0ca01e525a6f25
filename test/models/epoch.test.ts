import { expect, it } from 'vitest';
import { startBackend } from '#src/models/backends/index.js';
import { buildClassifier } from '#src/models/classifier.js';
import { cutModel } from '#src/models/cut.js';
import { trainEpoch } from '#src/models/epoch.js';
import { createFeed, keyedSamples } from '#src/models/feed.js';
import { networks } from '#src/models/networks/index.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { CLASSES, coloursToFit, INPUT, MODEL } from './colours.js';

it('tells after each step how many samples it has seen', async () => {
  const { cache, samples, dispose } = await coloursToFit();
  const { tf, stop } = await startBackend('wasm');
  try {
    const network = networks['small-cnn'];
    const model = buildClassifier(tf, { network, ...INPUT, classes: 3, head: MODEL.head, seed: 1 });
    const cut = cutModel(tf, model, new Set());
    const side = keyedSamples(cache, samples, CLASSES).slice(0, 20);
    const told: number[] = [];
    await trainEpoch({
      tf,
      cut,
      feed: createFeed(tf, cache, network.preprocessing),
      optimizer: createOptimizer(tf, MODEL.phases[0]!, cut.variables),
      learningRate: () => 0.001,
      samples: side,
      batchSize: 8,
      shuffle: { seed: 1, epoch: 1 },
      labelSmoothing: 0,
      onStep: (done) => told.push(done),
      signal: new AbortController().signal,
    });
    expect(told).toEqual([8, 16, 20]);
  } finally {
    await stop();
    await dispose();
  }
});

it('a step that fails leaves no tensor', async () => {
  const { cache, samples, dispose } = await coloursToFit();
  const { tf, stop } = await startBackend('wasm');
  try {
    const network = networks['small-cnn'];
    const model = buildClassifier(tf, { network, ...INPUT, classes: 3, head: MODEL.head, seed: 1 });
    const cut = cutModel(tf, model, new Set());
    const optimizer = createOptimizer(tf, MODEL.phases[0]!, cut.variables);
    const epoch = () =>
      trainEpoch({
        tf,
        cut,
        feed: createFeed(tf, cache, network.preprocessing),
        optimizer: {
          ...optimizer,
          apply() {
            throw new Error('the device is lost');
          },
        },
        learningRate: () => 0.001,
        samples: keyedSamples(cache, samples, CLASSES),
        batchSize: 8,
        shuffle: { seed: 1, epoch: 1 },
        labelSmoothing: 0,
        signal: new AbortController().signal,
      });
    await expect(epoch()).rejects.toThrow('the device is lost');
    const before = tf.memory().numTensors;
    await expect(epoch()).rejects.toThrow('the device is lost');
    expect(tf.memory().numTensors).toBe(before);
  } finally {
    await stop();
    await dispose();
  }
});
