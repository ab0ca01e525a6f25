import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs';
import type { Batch } from '../batches.js';
import type { Tf } from './backends/backend.js';
import { crossEntropy, l2Penalty, type Targets } from './loss.js';
import { MAIN, type Objective } from './objectives.js';

export interface LossOptions {
  tf: Tf;
  /** What each of the cut model's outputs learns, in their order, the classes themselves last; absent: these alone. */
  objectives?: readonly Objective[];
  /** Of the classes themselves, as all that follows, where their objective says nothing; 0..1 */
  labelSmoothing: number;
  /** What a sample of each class counts in the loss, [classes]; absent: 1. */
  classWeights?: Float32Array;
  /** What the loss has of all heads' kernels' squares. */
  l2?: { factor: number; kernels: readonly Variable[] };
}

type Labelled = Pick<Batch, 'labels' | 'mixed'>;

/** What one output's cross-entropy is of. */
interface OutputTargets extends Targets {
  /** What each sample counts in the mean, [batch]; absent: 1. */
  counts: Float32Array | undefined;
  /** What the cross-entropy counts in the loss. */
  weight: number;
}

/**
 * What a batch's loss is, from the logits of each output: the objectives' cross-entropies by their weights, and the
 * penalty. Call what it gives in a tidy.
 */
export function batchLoss(options: LossOptions, batch: Labelled): (logits: readonly Tensor2D[]) => Scalar {
  const { tf, l2 } = options;
  const targets = targetsOf(options, batch);
  return (logits) => {
    const loss = targets
      .map(({ labels, smoothing, mixed, counts, weight }, index) => {
        const one = crossEntropy(tf, logits[index]!, labels, smoothing, mixed, counts);
        // One whose weight is 0 has gradients of 0, which momentum needs.
        return weight === 1 ? one : one.mul(weight);
      })
      .reduce((sum, one) => sum.add(one));
    return (l2 === undefined ? loss : loss.add(l2Penalty(tf, l2.kernels, l2.factor))) as Scalar;
  };
}

/** What one output's mean cross-entropy is of, where that is all of the loss; undefined where there is more. */
export function meanTargets(options: LossOptions, batch: Labelled): Targets | undefined {
  const [own, ...others] = targetsOf(options, batch);
  const alone = others.length === 0 && options.l2 === undefined;
  return alone && own!.weight === 1 && own!.counts === undefined ? own : undefined;
}

function targetsOf({ objectives = [MAIN], ...ofMain }: LossOptions, batch: Labelled): OutputTargets[] {
  return objectives.map((objective, index) => {
    const { labelSmoothing = 0, classWeights }: Partial<Objective> = {
      ...(index === objectives.length - 1 && ofMain),
      ...objective,
    };
    const labels = classesOf(batch.labels, objective);
    return {
      // What has no class counts nothing, but has to have one.
      labels: labels.map((label) => Math.max(0, label)),
      smoothing: labelSmoothing,
      ...(batch.mixed && { mixed: { ...batch.mixed, others: classesOf(batch.mixed.others, objective) } }),
      counts: sampleCounts({ ...batch, labels }, classWeights),
      weight: objective.weight,
    };
  });
}

/** What an objective's output should name. */
export function classesOf(labels: Int32Array, { of }: Pick<Objective, 'of'>): Int32Array {
  return of === undefined ? labels : labels.map((label) => of[label]!);
}

/**
 * What each sample of a batch counts in an objective's mean; undefined where each counts 1. Those without a class (−1) count
 * nothing and the others so much more that the mean is theirs alone; where none has one it is 0.
 */
function sampleCounts(
  { labels, mixed }: Labelled,
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
export function sampleWeights({ labels, mixed }: Labelled, classWeights: Float32Array): Float32Array {
  return Float32Array.from(labels, (label, row) => {
    const share = mixed?.shares[row] ?? 1;
    const other = mixed === undefined ? 0 : classWeights[mixed.others[row]!]!;
    return share * classWeights[label]! + (1 - share) * other;
  });
}
