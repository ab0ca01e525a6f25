import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';

/**
 * Mean categorical cross-entropy in nats, from logits and therefore stable. With smoothing s, targets are
 * (1 − s) · one-hot + s / classes, as in Keras.
 * @param logits [batch, classes]
 * @param labels [batch] int32, 0..classes−1
 * @param smoothing 0..1
 */
export function crossEntropy(tf: Tf, logits: Tensor2D, labels: Tensor1D, smoothing: number): Scalar {
  const classes = logits.shape[1];
  // Without the dtype they are integers, and some backends round them.
  const targets = tf.oneHot(
    labels,
    classes,
    1 - smoothing + smoothing / classes,
    smoothing / classes,
    'float32',
  );
  return logits.logSoftmax().mul(targets).sum(-1).mean().neg().asScalar();
}
