import type { Tensor4D } from '@tensorflow/tfjs';
import { type Batch, batches } from '../../batches.js';
import type { Normalisation } from '../../normalisation.js';
import { hash32 } from '../../random.js';
import type { Sample } from '../../records.js';
import type { TensorCache } from '../../sinks/tensor-cache/cache.js';
import type { Tf } from '../backends/backend.js';
import type { Cut, Outputs } from '../cut.js';
import { type KeyedSample, keyedSamples } from '../feed.js';

/** Photos and labels of some samples, with what a cut's lower part gives for them. */
export interface Held {
  batch: Batch;
  outputs: Outputs;
}

/** So many samples of the train side in an order of their own, so that a batch has many classes. */
export function drawnSamples(options: {
  samples: readonly Sample[];
  classes: readonly string[];
  cache: TensorCache;
  seed: number;
  task: string;
  most: number;
}): KeyedSample[] {
  const { samples, classes, cache, seed, task, most } = options;
  const train = samples
    .filter(({ split }) => split === 'train')
    .map((sample) => ({ sample, draw: hash32(seed, 'check', task, sample.sha256) }))
    .sort((a, b) => a.draw - b.draw || (a.sample.sha256 < b.sample.sha256 ? -1 : 1))
    .slice(0, most)
    .map(({ sample }) => sample);
  return keyedSamples(cache, train, classes);
}

/** Photos of samples, preprocessed in a way: [samples, height, width, 3], the caller's to dispose. */
export async function photosOf(
  tf: Tf,
  cache: TensorCache,
  samples: readonly KeyedSample[],
  normalise: Normalisation,
  signal: AbortSignal,
): Promise<{ batch: Batch; pixels: Tensor4D }> {
  const source = batches(cache, { samples, batchSize: samples.length, signal, dtype: 'float32', normalise });
  for await (const batch of source) {
    // The batch's memory is lent for this turn.
    const values = Float32Array.from(batch.values as Float32Array);
    const { labels } = batch;
    return {
      batch: { ...batch, values, labels: labels.slice() },
      pixels: tf.tensor4d(values, batch.shape as Tensor4D['shape']),
    };
  }
  throw new RangeError('Expected samples but received none');
}

/** Holds photos at a cut: layers below it are run once. Give its outputs to `release`. */
export async function heldAt(options: {
  tf: Tf;
  cut: Cut;
  cache: TensorCache;
  samples: readonly KeyedSample[];
  normalise: Normalisation;
  signal: AbortSignal;
}): Promise<Held> {
  const { tf, cut, cache, samples, normalise, signal } = options;
  const { batch, pixels } = await photosOf(tf, cache, samples, normalise, signal);
  const outputs = new Map<string, ReturnType<typeof tf.keep>>();
  tf.tidy(() => {
    for (const [name, tensor] of cut.below(pixels)) outputs.set(name, tf.keep(tensor.clone()));
  });
  pixels.dispose();
  return { batch, outputs };
}

export function release(tf: Tf, { outputs }: Held): void {
  tf.dispose([...outputs.values()]);
}
