import { setImmediate } from 'node:timers/promises';
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import type { Batch } from '../batches.js';
import { PipelineError, throwIfAborted } from '../errors.js';
import { hash32 } from '../random.js';
import type { Tf } from './backends/backend.js';
import { batchLoss, classesOf, type LossOptions, meanTargets } from './batch-loss.js';
import { chainStep, isChain } from './chain.js';
import type { Cut } from './cut.js';
import type { Feed, FeedOptions, KeyedSample } from './feed.js';
import { predictedClasses } from './metrics.js';
import { MAIN } from './objectives.js';
import type { Optimizer } from './optimizers.js';

export interface EpochOptions extends FeedOptions, LossOptions {
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
  /** The phase's place in the recipe, from 0, for messages. */
  phase?: number;
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
  const { samples, feed, shuffle, signal, phase = 0, objectives = [MAIN] } = options;
  let loss = 0;
  let done = 0;
  const hits = objectives.map(() => 0);
  for await (const batch of feed.batches(samples, options)) {
    const step = await trainStep(options, batch, hash32(shuffle.seed, 'dropout', shuffle.epoch, batch.index));
    if (!Number.isFinite(step.loss)) {
      throw divergedError(step.loss, `in epoch ${shuffle.epoch}, batch ${batch.index + 1}`, phase);
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

/** @param phase its place in the recipe, from 0. */
export function divergedError(loss: number, where: string, phase: number): PipelineError {
  return new PipelineError('TRAINING_DIVERGED', `Expected a finite loss but received ${loss} ${where}`, {
    hint: `Lower the phase’s learning rate: --set model.phases.${phase}.learningRate=…, or that of the task’s own phases.`,
  });
}

/** One optimiser step on a batch; gives its loss before the step, and how many it had right. */
export async function trainStep(
  options: Pick<EpochOptions, keyof LossOptions | 'cut' | 'optimizer' | 'learningRate' | 'mirrored'> & {
    feed: Pick<Feed, 'outputs'>;
  },
  batch: Batch,
  dropoutSeed: number,
): Promise<{ loss: number; hits: number[] }> {
  const { tf, cut, feed, optimizer, learningRate, mirrored, objectives = [MAIN] } = options;
  const [value, ...logits] = tf.tidy((): Tensor[] => {
    const outputs = feed.outputs(cut, batch, mirrored);
    const alone = isChain(tf, cut) ? meanTargets(options, batch) : undefined;
    const chain = alone && chainStep(tf, cut, outputs, alone, dropoutSeed);
    if (chain !== undefined) {
      optimizer.apply(chain.gradients, learningRate(batch.index));
      return [chain.loss, chain.logits];
    }
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
    const hits = rows.map((row, index) => hitsOf(row, classesOf(batch.labels, objectives[index]!)));
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
