import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { sampleWeights } from '#src/models/batch-loss.js';
import { classWeights } from '#src/models/class-weights.js';
import { createFeed, keyedSamples } from '#src/models/feed.js';
import { fitTask } from '#src/models/fit.js';
import { networks } from '#src/models/networks/index.js';
import { CLASSES, type Colours, coloursToFit } from './colours.js';

const labelsOf = (counts: readonly number[]) => counts.flatMap((count, label) => Array(count).fill(label));

describe('classWeights', () => {
  it('are scikit-learn’s where they are balanced', () => {
    // compute_class_weight('balanced', classes=[0, 1, 2], y=[0] * 6 + [1] * 3 + [2]): 10 / (3 * count)
    const weights = classWeights('balanced', labelsOf([6, 3, 1]), 3);
    expect([...weights].map((weight) => Number(weight.toFixed(6)))).toEqual([0.555556, 1.111111, 3.333333]);
  });

  it('are those of the paper where they are effective, in their ratio', () => {
    const [many, few] = classWeights({ effective: 0.99 }, labelsOf([500, 10]), 2);
    expect(few! / many!).toBeCloseTo((1 - 0.99 ** 500) / (1 - 0.99 ** 10), 4);
  });

  it('are near balanced for β near 1, and near 1 for β near 0', () => {
    const labels = labelsOf([40, 7, 2]);
    const near = (beta: number, other: Float32Array) => {
      const weights = classWeights({ effective: beta }, labels, 3);
      for (const [label, weight] of weights.entries()) expect(weight / other[label]!).toBeCloseTo(1, 4);
    };
    near(1 - 1e-9, classWeights('balanced', labels, 3));
    near(1e-9, Float32Array.of(1, 1, 1));
  });

  it('have a mean of 1 over the samples, and never give a frequent class more than a rare one', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 8 });
    const rule = fc.oneof(
      fc.constant('balanced' as const),
      fc.record({ effective: fc.double({ min: 0.001, max: 0.9999, noNaN: true }) }),
    );
    fc.assert(
      fc.property(counts, rule, (sizes, one) => {
        const weights = classWeights(one, labelsOf(sizes), sizes.length);
        const samples = sizes.reduce((sum, size) => sum + size, 0);
        const total = sizes.reduce((sum, size, label) => sum + size * weights[label]!, 0);
        expect(total).toBeCloseTo(samples, 2);
        for (const [a, size] of sizes.entries()) {
          if (size === 0) expect(weights[a]).toBe(0);
          for (const [b, other] of sizes.entries()) {
            if (size > 0 && size < other) expect(weights[a]!).toBeGreaterThanOrEqual(weights[b]! * 0.999999);
          }
        }
      }),
    );
  });

  it('of mixed photos are both classes’ by their shares', () => {
    const labels = Int32Array.of(0, 1);
    const mixed = { others: Int32Array.of(1, 1), shares: Float32Array.of(0.75, 0.5) };
    expect([...sampleWeights({ labels }, Float32Array.of(1, 3))]).toEqual([1, 3]);
    expect([...sampleWeights({ labels, mixed }, Float32Array.of(1, 3))]).toEqual([1.5, 3]);
  });
});

describe('a train side with a rare class', () => {
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

  /** All of the samples but most red ones of the train side. */
  const rare = () => {
    let red = 0;
    return colours.samples.filter(({ label, split }) => split !== 'train' || label !== 'red' || red++ < 2);
  };

  it('shows each class equally often where it is sampled by class', async () => {
    const train = rare().filter(({ split }) => split === 'train');
    const feed = createFeed(backend.tf, colours.cache, networks['small-cnn'].preprocessing);
    const samples = keyedSamples(colours.cache, train, CLASSES);
    const counts = [0, 0, 0];
    const { signal } = new AbortController();
    const shuffle = { seed: 1, epoch: 1 };
    for await (const { labels } of feed.batches(samples, {
      batchSize: 8,
      signal,
      shuffle,
      balance: 'class',
    })) {
      for (const label of labels) counts[label]! += 1;
    }
    await feed.close();
    expect(counts).toEqual([14, 14, 14]);
  });

  it('is trained otherwise, and validated as it is', async () => {
    const trained = (name: string, training?: Parameters<typeof fitTask>[0]['training']) =>
      fitTask(colours.options(backend, name, { samples: rare(), ...(training && { training }) }));
    const tensors = backend.tf.memory().numTensors;
    const plain = await trained('plain');
    const losses = new Set([plain.history[0]!.loss]);
    for (const training of [
      { sampling: 'class' },
      { classWeights: 'balanced' },
      { classWeights: { effective: 0.9 } },
    ] as const) {
      const { history } = await trained(`making-${losses.size}`, training);
      losses.add(history[0]!.loss);
      expect(history.at(-1)!.validationAccuracy).toBeGreaterThan(0.8);
    }
    expect(losses.size).toBe(4);
    expect((await trained('natural', { sampling: 'natural' })).history[0]!.loss).toBe(plain.history[0]!.loss);
    expect(backend.tf.memory().numTensors).toBe(tensors);
  });
});
