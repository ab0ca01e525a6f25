import type { GradConfig, Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';

/**
 * Kernel of a backend that computes cross-entropy in one go: logits and targets [n, classes] give the losses [n] and
 * their gradients by the logits [n, classes].
 */
export const SOFTMAX_CROSS_ENTROPY = 'SoftmaxCrossEntropy';

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
  const losses = softmaxCrossEntropy(tf, logits, targets);
  return (weights === undefined ? losses : losses.mul(weights)).mean().asScalar();
}

function softmaxCrossEntropy(tf: Tf, logits: Tensor2D, targets: Tensor): Tensor {
  if (!tf.getKernel(SOFTMAX_CROSS_ENTROPY, tf.getBackend())) {
    return logits.logSoftmax().mul(targets).sum(-1).neg();
  }
  if (!tf.getGradient(SOFTMAX_CROSS_ENTROPY)) tf.registerGradient(gradient);
  return (tf.engine().runKernel(SOFTMAX_CROSS_ENTROPY, { logits, targets }) as Tensor[])[0]!;
}

/** Targets are data: they have no gradient. */
const gradient: GradConfig = {
  kernelName: SOFTMAX_CROSS_ENTROPY,
  outputsToSave: [false, true],
  gradFunc(dys, saved) {
    return { logits: () => (dys as Tensor[])[0]!.expandDims(1).mul(saved[0]!) };
  },
};

/** Keras's L2 penalty: `factor` times the sum of the kernels' squares. */
export function l2Penalty(tf: Tf, kernels: readonly Tensor[], factor: number): Scalar {
  return tf
    .addN(kernels.map((kernel) => kernel.square().sum()))
    .mul(factor)
    .asScalar();
}
