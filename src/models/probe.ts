import type { Batch } from '../batches.js';
import type { StartedBackend } from './backends/backend.js';
import { buildClassifier } from './classifier.js';
import { cutModel } from './cut.js';
import { type EpochOptions, logitsOf, trainEpoch } from './epoch.js';
import type { Feed } from './feed.js';
import { networks } from './networks/index.js';
import { createOptimizer } from './optimizers.js';

/** What is measured: small enough for the slowest backend to take a step in seconds. */
export const PROBE = { network: 'small-cnn', size: 32, batch: 8, classes: 10 } as const;

export interface ProbeResult {
  /** Photos a second, forward alone. */
  imagesPerSecond: number;
  /** Photos a second in training, all layers; absent where a step failed. */
  trainedImagesPerSecond?: number;
  /** Why a step failed. */
  failure?: unknown;
}

/**
 * Measures a backend with the product's own loop for about this long; before that, one step each that is not counted,
 * because it compiles.
 */
export async function probeBackend({ tf }: StartedBackend, seconds: number): Promise<ProbeResult> {
  const { size, batch, classes } = PROBE;
  const network = networks[PROBE.network];
  const head = { units: [], dropout: 0, labelSmoothing: 0 };
  const model = buildClassifier(tf, { network, height: size, width: size, classes, head, seed: 1 });
  const cut = cutModel(tf, model, new Set());
  const optimizer = createOptimizer(tf, { optimizer: 'adam' }, cut.variables);
  const options: EpochOptions = {
    tf,
    cut,
    feed: oneBatch(tf),
    optimizer,
    learningRate: () => 0.001,
    samples: Array.from({ length: batch }, (_, key) => ({ key, label: key })),
    batchSize: batch,
    shuffle: { seed: 1, epoch: 1 },
    labelSmoothing: 0,
    signal: new AbortController().signal,
  };
  try {
    const imagesPerSecond = await rate(() => logitsOf(options), seconds / 2);
    try {
      return { imagesPerSecond, trainedImagesPerSecond: await rate(() => trainEpoch(options), seconds / 2) };
    } catch (failure) {
      return { imagesPerSecond, failure };
    }
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}

/** Photos a second of a step that takes one batch. */
async function rate(step: () => Promise<unknown>, seconds: number): Promise<number> {
  await step();
  const started = performance.now();
  let photos = 0;
  let elapsed: number;
  do {
    await step();
    photos += PROBE.batch;
    elapsed = (performance.now() - started) / 1000;
  } while (elapsed < seconds);
  return photos / elapsed;
}

/** A feed of one batch of noise, so that nothing but the backend is measured. */
function oneBatch(tf: StartedBackend['tf']): Feed {
  const { size, batch } = PROBE;
  const values = Float32Array.from({ length: batch * size * size * 3 }, (_, index) => Math.sin(index) ** 2);
  return {
    async *batches(samples): AsyncGenerator<Batch> {
      const keys = Uint32Array.from(samples, ({ key }) => key);
      const labels = Int32Array.from(samples, ({ label }) => label);
      const weights = new Float32Array(batch).fill(1);
      yield {
        epoch: 0,
        index: 0,
        size: batch,
        shape: [batch, size, size, 3],
        values,
        labels,
        keys,
        weights,
        state: '',
      };
    },
    outputs: (cut, { values: pixels, shape }) => cut.below(tf.tensor(pixels, shape)),
    async close() {},
  };
}
