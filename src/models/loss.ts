import type { GradConfig, Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';

/**
 * Kernel of a backend that computes cross-entropy in one go: logits and targets [n, classes] give the losses [n] and
 * their gradients by the logits [n, classes].
 */
export const SOFTMAX_CROSS_ENTROPY = 'SoftmaxCrossEntropy';

/**
 * The same of their mean: logits and targets [n, classes] give the mean of the losses [] and the gradients of the losses
 * [n, classes].
 */
export const MEAN_CROSS_ENTROPY = 'MeanCrossEntropy';

/** What samples should be named: classes, 0..classes−1, and of photos that were mixed also the others, with shares. */
export interface Targets {
  /** [batch] */
  labels: ArrayLike<number>;
  /** 0..1 */
  smoothing: number;
  /** [batch] each */
  mixed?: { others: ArrayLike<number>; shares: ArrayLike<number> };
}

/**
 * Mean categorical cross-entropy in nats, from logits and therefore stable. With smoothing s, targets are
 * (1 − s) · one-hot + s / classes, as in Keras.
 * @param logits [batch, classes]
 * @param labels [batch], 0..classes−1
 * @param smoothing 0..1
 * @param mixed of photos that were mixed: their other classes, [batch], and their labels' shares, [batch]
 * @param weights what each sample counts, [batch]; absent: 1
 */
export function crossEntropy(
  tf: Tf,
  logits: Tensor2D,
  labels: ArrayLike<number>,
  smoothing: number,
  mixed?: { others: ArrayLike<number>; shares: ArrayLike<number> },
  weights?: Float32Array,
): Scalar {
  const targets = targetsOf(tf, logits.shape[1], { labels, smoothing, ...(mixed && { mixed }) });
  if (weights !== undefined) return softmaxCrossEntropy(tf, logits, targets).mul(tf.tensor1d(weights)).mean();
  return fused(tf, MEAN_CROSS_ENTROPY, logits, targets) ?? softmaxCrossEntropy(tf, logits, targets).mean();
}

/** [batch, classes]: made here, they are one copy to the backend and no operation. */
export function targetsOf(tf: Tf, classes: number, { labels, smoothing, mixed }: Targets): Tensor2D {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (let row = 0; row < labels.length; row++) {
    const share = mixed?.shares[row] ?? 1;
    targets[row * classes + labels[row]!]! += (1 - smoothing) * share;
    if (mixed !== undefined) targets[row * classes + mixed.others[row]!]! += (1 - smoothing) * (1 - share);
  }
  return tf.tensor2d(targets, [labels.length, classes]);
}

/**
 * The mean of the losses, and its gradient by the logits, [n, classes], by the backend's own kernel and without a tape;
 * undefined where it has none.
 */
export function meanCrossEntropy(
  tf: Tf,
  logits: Tensor2D,
  targets: Tensor2D,
): { loss: Scalar; gradient: Tensor } | undefined {
  if (!tf.getKernel(MEAN_CROSS_ENTROPY, tf.getBackend())) return undefined;
  const [loss, own] = tf.engine().runKernel(MEAN_CROSS_ENTROPY, { logits, targets }) as [Scalar, Tensor2D];
  return { loss, gradient: own.mul(1 / logits.shape[0]) };
}

/** Of each sample, [batch]. */
function softmaxCrossEntropy(tf: Tf, logits: Tensor2D, targets: Tensor2D): Tensor {
  return fused(tf, SOFTMAX_CROSS_ENTROPY, logits, targets) ?? logits.logSoftmax().mul(targets).sum(-1).neg();
}

/** By the backend's own kernel of this name; undefined where it has none. */
function fused<Loss extends Tensor>(
  tf: Tf,
  kernel: keyof typeof gradients,
  logits: Tensor2D,
  targets: Tensor2D,
): Loss | undefined {
  if (!tf.getKernel(kernel, tf.getBackend())) return undefined;
  if (!tf.getGradient(kernel)) tf.registerGradient(gradientOf(kernel));
  return (tf.engine().runKernel(kernel, { logits, targets }) as [Loss, Tensor2D])[0];
}

/** What a loss's gradient makes of the losses' gradients by the logits. */
const gradients = {
  [SOFTMAX_CROSS_ENTROPY]: (dy: Tensor, own: Tensor) => dy.expandDims(1).mul(own),
  [MEAN_CROSS_ENTROPY]: (dy: Tensor, own: Tensor) => own.mul(dy.div(own.shape[0]!)),
};

/** Targets are data: they have no gradient. */
const gradientOf = (kernelName: keyof typeof gradients): GradConfig => ({
  kernelName,
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => ({ logits: () => gradients[kernelName]((dys as Tensor[])[0]!, saved[0]!) }),
});

/** Keras's L2 penalty: `factor` times the sum of the kernels' squares. */
export function l2Penalty(tf: Tf, kernels: readonly Tensor[], factor: number): Scalar {
  return tf
    .addN(kernels.map((kernel) => kernel.square().sum()))
    .mul(factor)
    .asScalar();
}
