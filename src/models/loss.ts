import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';

/**
 * Mean categorical cross-entropy in nats, from logits and therefore stable. With smoothing s, targets are
 * (1 − s) · one-hot + s / classes, as in Keras.
 * @param logits [batch, classes]
 * @param labels [batch] int32, 0..classes−1
 * @param smoothing 0..1
 * @param mixed of photos that were mixed: their other classes, [batch] int32, and their labels' shares, [batch]
 * @param weights what each sample counts, [batch]; absent: 1
 */
export function crossEntropy(
  tf: Tf,
  logits: Tensor2D,
  labels: Tensor1D,
  smoothing: number,
  mixed?: { others: Tensor1D; shares: Tensor1D },
  weights?: Tensor1D,
): Scalar {
  const classes = logits.shape[1];
  const oneHot = (of: Tensor1D) =>
    // Without the dtype they are integers, and some backends round them.
    tf.oneHot(of, classes, 1 - smoothing + smoothing / classes, smoothing / classes, 'float32');
  let targets = oneHot(labels);
  if (mixed !== undefined) {
    const { others, shares } = mixed;
    const share = shares.expandDims(1);
    targets = targets.mul(share).add(oneHot(others).mul(tf.sub(1, share)));
  }
  const likelihoods = logits.logSoftmax().mul(targets).sum(-1);
  return (weights === undefined ? likelihoods : likelihoods.mul(weights)).mean().neg().asScalar();
}

/** Keras's L2 penalty: `factor` times the sum of the kernels' squares. */
export function l2Penalty(tf: Tf, kernels: readonly Tensor[], factor: number): Scalar {
  return tf
    .addN(kernels.map((kernel) => kernel.square().sum()))
    .mul(factor)
    .asScalar();
}
