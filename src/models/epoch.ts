import { setImmediate } from 'node:timers/promises';
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import type { Batch } from '../batches.js';
import { PipelineError, throwIfAborted } from '../errors.js';
import { hash32 } from '../random.js';
import type { Tf } from './backends/backend.js';
import type { Cut } from './cut.js';
import type { Feed, FeedOptions, KeyedSample } from './feed.js';
import { crossEntropy, l2Penalty } from './loss.js';
import { predictedClasses } from './metrics.js';
import { MAIN, type Objective } from './objectives.js';
import type { Optimizer } from './optimizers.js';

export interface EpochOptions extends FeedOptions {
  tf: Tf;
  cut: Cut;
  feed: Feed;
  optimizer: Optimizer;
  /** The learning rate of a step of this epoch, counted from 0. */
  learningRate(step: number): number;
  samples: readonly KeyedSample[];
  /** Whether their mirror images are taken. */
  mirrored?: boolean;
  /** Shuffles the samples, and draws the dropout of each step. */
  shuffle: { seed: number; epoch: number };
  /** What each of the cut model's outputs learns, in their order, the classes themselves last; absent: these alone. */
  objectives?: readonly Objective[];
  /** Of the classes themselves, as all that follows, where their objective says nothing; 0..1 */
  labelSmoothing: number;
  /** What a sample of each class counts in the loss, [classes]; absent: 1. */
  classWeights?: Float32Array;
  /** What the loss has of all heads' kernels' squares. */
  l2?: { factor: number; kernels: readonly Variable[] };
  /** Called after each step with the samples so far. */
  onStep?(done: number): void;
}

/**
 * One pass over the samples, one optimiser step a batch; gives mean loss (nats, of all objectives, penalties included) and
 * accuracy, each batch's before its step: of each objective, and of the last. Between steps the event loop gets its turn.
 * @throws {PipelineError} `TRAINING_DIVERGED` once the loss is not a finite number; `ABORTED`.
 */
export async function trainEpoch(
  options: EpochOptions,
): Promise<{ loss: number; accuracy: number; accuracies: number[] }> {
  const { samples, feed, shuffle, signal, objectives = [MAIN] } = options;
  let loss = 0;
  let done = 0;
  const hits = objectives.map(() => 0);
  for await (const batch of feed.batches(samples, options)) {
    const step = await trainStep(options, batch, hash32(shuffle.seed, 'dropout', shuffle.epoch, batch.index));
    if (!Number.isFinite(step.loss)) {
      throw divergedError(step.loss, `in epoch ${shuffle.epoch}, batch ${batch.index + 1}`);
    }
    loss += step.loss * batch.size;
    done += batch.size;
    options.onStep?.(done);
    for (const [index, count] of step.hits.entries()) hits[index]! += count;
    await setImmediate();
    throwIfAborted(signal);
  }
  const accuracies = objectives.map(({ of }, index) => {
    const labelled = of === undefined ? samples : samples.filter(({ label }) => of[label]! >= 0);
    return hits[index]! / Math.max(1, labelled.length);
  });
  return { loss: loss / samples.length, accuracy: accuracies.at(-1)!, accuracies };
}

export function divergedError(loss: number, where: string): PipelineError {
  return new PipelineError('TRAINING_DIVERGED', `Expected a finite loss but received ${loss} ${where}`, {
    hint: 'Lower the learning rate: --set model.phases.0.learningRate=…',
  });
}

/** One optimiser step on a batch; gives its loss before the step, and how many it had right. */
export async function trainStep(
  options: Pick<
    EpochOptions,
    | 'tf'
    | 'cut'
    | 'optimizer'
    | 'learningRate'
    | 'mirrored'
    | 'objectives'
    | 'labelSmoothing'
    | 'classWeights'
    | 'l2'
  > & { feed: Pick<Feed, 'outputs'> },
  batch: Batch,
  dropoutSeed: number,
): Promise<{ loss: number; hits: number[] }> {
  const { tf, cut, feed, optimizer, learningRate, mirrored, objectives = [MAIN] } = options;
  const [value, ...logits] = tf.tidy((): Tensor[] => {
    const outputs = feed.outputs(cut, batch, mirrored);
    const lossOf = batchLoss(options, batch);
    let kept: Tensor2D[] = [];
    try {
      const { value, grads } = tf.variableGrads((): Scalar => {
        // They have to outlive the tidy that gradients are computed in.
        kept = cut.above(outputs, { dropoutSeed }).map((one) => tf.keep(one));
        return lossOf(kept);
      }, cut.variables as Variable[]);
      const gradients = cut.variables.map(({ name }) => grads[name]!);
      optimizer.apply(gradients, learningRate(batch.index));
      return [value, ...kept];
    } catch (error) {
      tf.dispose(kept);
      throw error;
    }
  });
  try {
    // Not dataSync: a GPU's results can only be waited for.
    const [loss, ...rows] = await Promise.all([value!, ...logits].map((tensor) => tensor.data()));
    const hits = rows.map((row, index) => hitsOf(row, classesOf(batch.labels, objectives[index]!.of)));
    return { loss: loss![0]!, hits };
  } finally {
    tf.dispose([value!, ...logits]);
  }
}

/** How many samples have their greatest logit at their label, [batch × classes]; of equal ones the first counts. */
function hitsOf(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  // Logits stand in for probabilities where their order alone counts.
  const predicted = predictedClasses({
    classes: logits.length / labels.length,
    labels,
    probabilities: logits,
  });
  return predicted.reduce((hits, one, row) => hits + (one === labels[row] ? 1 : 0), 0);
}

/**
 * What a batch's loss is, from the logits of each output: the objectives' cross-entropies by their weights, and the
 * penalty. Call what it gives in a tidy.
 */
export function batchLoss(
  options: Pick<EpochOptions, 'tf' | 'objectives' | 'labelSmoothing' | 'classWeights' | 'l2'>,
  batch: Pick<Batch, 'labels' | 'mixed'>,
): (logits: readonly Tensor2D[]) => Scalar {
  const { tf, objectives = [MAIN], labelSmoothing, classWeights, l2 } = options;
  const main = objectives.length - 1;
  const ofMain = { labelSmoothing, ...(classWeights && { classWeights }) };
  const targets = objectives.map(({ of, ...objective }, index) => {
    const own = { ...(index === main && ofMain), ...objective };
    const labels = classesOf(batch.labels, of);
    const weights = sampleCounts({ ...batch, labels }, own.classWeights);
    return {
      // What has no class counts nothing, but has to have one.
      labels: labels.map((label) => Math.max(0, label)),
      mixed: batch.mixed && { ...batch.mixed, others: classesOf(batch.mixed.others, of) },
      smoothing: own.labelSmoothing ?? 0,
      weights,
    };
  });
  return (logits) => {
    const losses = targets.map(({ labels, smoothing, mixed, weights }, index) =>
      crossEntropy(tf, logits[index]!, labels, smoothing, mixed, weights),
    );
    const loss = losses
      // One whose weight is 0 has gradients of 0, which momentum needs.
      .map((one, index) => (objectives[index]!.weight === 1 ? one : one.mul(objectives[index]!.weight)))
      .reduce((sum, one) => sum.add(one));
    return (l2 === undefined ? loss : loss.add(l2Penalty(tf, l2.kernels, l2.factor))) as Scalar;
  };
}

function classesOf(labels: Int32Array, of: Objective['of']): Int32Array {
  return of === undefined ? labels : labels.map((label) => of[label]!);
}

/**
 * What each sample of a batch counts in an objective's mean; undefined where each counts 1. Those without a class (−1) count
 * nothing and the others so much more that the mean is theirs alone; where none has one it is 0.
 */
function sampleCounts(
  { labels, mixed }: Pick<Batch, 'labels' | 'mixed'>,
  classWeights: Float32Array | undefined,
): Float32Array | undefined {
  const labelled = labels.reduce((count, label) => count + (label < 0 ? 0 : 1), 0);
  if (labelled === labels.length)
    return classWeights && sampleWeights({ labels, ...(mixed && { mixed }) }, classWeights);
  return Float32Array.from(labels, (label) =>
    label < 0 ? 0 : ((classWeights?.[label] ?? 1) * labels.length) / labelled,
  );
}

/** What each sample of a batch counts by its class; of a mixed photo both classes' by their shares. */
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

type InferenceOptions = Pick<EpochOptions, 'tf' | 'cut' | 'feed' | 'samples'> &
  FeedOptions & {
    /** Whether predictions are the averages of those of each photo and of its mirror image. */
    mirror?: boolean | undefined;
  };

/** Logits of the classes of samples in their order, in inference mode: [samples × classes], row-major. */
export async function logitsOf(
  options: InferenceOptions,
  onBatch?: (done: number) => void,
): Promise<Float32Array> {
  return (await logitsOfAll(options, onBatch)).at(-1)!;
}

/** The same of each output, in the model's order: the classes' come last. */
export async function logitsOfAll(
  { tf, cut, feed, samples, mirror = false, ...options }: InferenceOptions,
  onBatch: (done: number) => void = () => {},
): Promise<Float32Array[]> {
  let logits = [new Float32Array(0)];
  let done = 0;
  for await (const batch of feed.batches(samples, options)) {
    const outputs = tf.tidy(() => {
      const plain = cut.above(feed.outputs(cut, batch));
      if (!mirror) return plain;
      const mirrored = cut.above(feed.outputs(cut, batch, true));
      return plain.map((logits, index) => averagedLogits(tf, logits, mirrored[index]!));
    });
    const rows = await Promise.all(outputs.map((output) => output.data())).finally(() => tf.dispose(outputs));
    if (done === 0) logits = outputs.map(({ shape }) => new Float32Array(shape[1] * samples.length));
    for (const [index, values] of logits.entries()) {
      values.set(rows[index]!, outputs[index]!.shape[1] * done);
    }
    done += batch.size;
    onBatch(done);
    await setImmediate();
    throwIfAborted(options.signal);
  }
  return logits;
}

/** Logits whose softmax is the average of both's: [batch, classes]. */
export function averagedLogits(tf: Tf, a: Tensor2D, b: Tensor2D): Tensor2D {
  return tf.logSumExp(tf.stack([a.logSoftmax(), b.logSoftmax()]), 0).sub(Math.LN2);
}
