import { setImmediate } from 'node:timers/promises';
import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs';
import type { Batch } from '../batches.js';
import { PipelineError, throwIfAborted } from '../errors.js';
import { hash32 } from '../random.js';
import type { Tf } from './backends/backend.js';
import type { Cut } from './cut.js';
import type { Feed, FeedOptions, KeyedSample } from './feed.js';
import { crossEntropy, l2Penalty } from './loss.js';
import type { Optimizer } from './optimizers.js';

export interface EpochOptions extends FeedOptions {
  tf: Tf;
  cut: Cut;
  feed: Feed;
  optimizer: Optimizer;
  /** The learning rate of a step of this epoch, counted from 0. */
  learningRate(step: number): number;
  samples: readonly KeyedSample[];
  /** Shuffles the samples, and draws the dropout of each step. */
  shuffle: { seed: number; epoch: number };
  /** 0..1 */
  labelSmoothing: number;
  /** What a sample of each class counts in the loss, [classes]; absent: 1. */
  classWeights?: Float32Array;
  /** What the loss has of the kernels' squares. */
  l2?: { factor: number; kernels: readonly Variable[] };
}

/**
 * One pass over the samples, one optimiser step a batch; gives mean loss (nats, penalties included) and accuracy, each
 * batch's before its step. Between steps the event loop gets its turn.
 * @throws {PipelineError} `TRAINING_DIVERGED` once the loss is not a finite number; `ABORTED`.
 */
export async function trainEpoch(options: EpochOptions): Promise<{ loss: number; accuracy: number }> {
  const { samples, feed, shuffle, signal } = options;
  let loss = 0;
  let hits = 0;
  for await (const batch of feed.batches(samples, options)) {
    const step = await trainStep(options, batch, hash32(shuffle.seed, 'dropout', shuffle.epoch, batch.index));
    if (!Number.isFinite(step.loss)) {
      throw new PipelineError(
        'TRAINING_DIVERGED',
        `Expected a finite loss but received ${step.loss} in epoch ${shuffle.epoch}, batch ${batch.index + 1}`,
        { hint: 'Lower the learning rate: --set model.phases.0.learningRate=…' },
      );
    }
    loss += step.loss * batch.size;
    hits += step.hits;
    await setImmediate();
    throwIfAborted(signal);
  }
  return { loss: loss / samples.length, accuracy: hits / samples.length };
}

async function trainStep(
  { tf, cut, feed, optimizer, learningRate, labelSmoothing, classWeights, l2 }: EpochOptions,
  batch: Batch,
  dropoutSeed: number,
): Promise<{ loss: number; hits: number }> {
  const results = tf.tidy((): [Scalar, Tensor] => {
    const outputs = feed.outputs(cut, batch);
    const labels = tf.tensor1d(batch.labels, 'int32');
    const weights = classWeights && tf.tensor1d(sampleWeights(batch, classWeights));
    let hits: Tensor | undefined;
    try {
      const { value, grads } = tf.variableGrads((): Scalar => {
        const logits = cut.above(outputs, { dropoutSeed });
        // It has to outlive the tidy that gradients are computed in.
        hits = tf.keep(logits.argMax(-1).equal(labels).sum());
        const loss = crossEntropy(tf, logits, labels, labelSmoothing, mixedLabels(tf, batch), weights);
        return l2 === undefined ? loss : loss.add(l2Penalty(tf, l2.kernels, l2.factor));
      }, cut.variables as Variable[]);
      const gradients = cut.variables.map(({ name }) => grads[name]!);
      optimizer.apply(gradients, learningRate(batch.index));
      return [value, hits!];
    } catch (error) {
      hits?.dispose();
      throw error;
    }
  });
  try {
    // Not dataSync: a GPU's results can only be waited for.
    const [loss, hits] = await Promise.all(results.map((tensor) => tensor.data()));
    return { loss: loss![0]!, hits: hits![0]! };
  } finally {
    tf.dispose(results);
  }
}

/** What each sample of a batch counts; of a mixed photo both classes' by their shares. */
export function sampleWeights(
  { labels, mixed }: Pick<Batch, 'labels' | 'mixed'>,
  classWeights: Float32Array,
): Float32Array {
  return Float32Array.from(labels, (label, row) => {
    const share = mixed?.shares[row] ?? 1;
    const other = mixed === undefined ? 0 : classWeights[mixed.others[row]!]!;
    return share * classWeights[label]! + (1 - share) * other;
  });
}

function mixedLabels(tf: Tf, { mixed }: Batch): { others: Tensor1D; shares: Tensor1D } | undefined {
  if (mixed === undefined) return undefined;
  return { others: tf.tensor1d(mixed.others, 'int32'), shares: tf.tensor1d(mixed.shares) };
}

/** Logits of samples in their order, in inference mode: [samples × classes], row-major. */
export async function logitsOf(
  { tf, cut, feed, samples, ...options }: Pick<EpochOptions, 'tf' | 'cut' | 'feed' | 'samples'> & FeedOptions,
  onBatch: (done: number) => void = () => {},
): Promise<Float32Array> {
  let logits = new Float32Array(0);
  let done = 0;
  for await (const batch of feed.batches(samples, options)) {
    const output = tf.tidy(() => cut.above(feed.outputs(cut, batch)));
    const rows = await output.data().finally(() => output.dispose());
    if (done === 0) logits = new Float32Array((rows.length / batch.size) * samples.length);
    logits.set(rows, (rows.length / batch.size) * done);
    done += batch.size;
    onBatch(done);
    await setImmediate();
    throwIfAborted(options.signal);
  }
  return logits;
}
