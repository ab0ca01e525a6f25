import type { Tf } from '../backend.js';
import { convolutionGradients } from './convolution.js';
import { depthwiseGradients } from './depthwise.js';
import { oneHot } from './one-hot.js';
import { poolingGradients } from './pooling.js';
import { columnSums, unsortedSegmentSum } from './sums.js';
import { rowTile } from './tile.js';

const done = new WeakSet<Tf['engine']>();

/**
 * Gives TensorFlow.js's WebAssembly backend the kernels that training convolutional networks needs and that it lacks,
 * has slow or has wrong (4.22.0). Once a thread; the backend's package must be loaded.
 */
export function registerTrainingKernels(tf: Tf): void {
  if (done.has(tf.engine)) return;
  const kernels = [
    ...convolutionGradients(tf),
    ...depthwiseGradients(tf),
    ...poolingGradients(tf),
    columnSums(tf, 'Sum'),
    columnSums(tf, 'Mean'),
    unsortedSegmentSum,
    oneHot,
    rowTile(tf),
  ];
  for (const kernel of kernels) {
    // Without this, tfjs warns that it is registered already.
    if (tf.getKernel(kernel.kernelName, 'wasm')) tf.unregisterKernel(kernel.kernelName, 'wasm');
    tf.registerKernel(kernel);
  }
  done.add(tf.engine);
}
