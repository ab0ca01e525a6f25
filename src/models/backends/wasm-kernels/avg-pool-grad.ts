import type { TensorInfo } from '@tensorflow/tfjs';
import { type Padding, shape4D, wasmKernel } from './kernel.js';

interface Attributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: Padding;
}

/**
 * The gradient of average pooling: each output's gradient is shared by the real pixels of its window, as the average
 * was. The backend's own kernel divides by the whole window at the borders too.
 */
export const avgPoolGrad = wasmKernel<Attributes>('AvgPoolGrad', (tf, { inputs, backend, attrs }) => {
  const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
  const { filterSize, strides, pad } = attrs;
  const info = tf.backend_util.computePool2DInfo(shape4D(input.shape), filterSize, strides, 1, pad);
  const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, padInfo } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  const result = backend.makeOutput(input.shape, 'float32');
  const upstream = backend.typedArrayFromHeap(dy);
  const sums = backend.typedArrayFromHeap(result);
  sums.fill(0);
  for (let n = 0; n < batchSize; n++) {
    for (let p = 0; p < outHeight; p++) {
      const top = Math.max(0, p * strideHeight - padInfo.top);
      const bottom = Math.min(inHeight, p * strideHeight - padInfo.top + filterHeight);
      for (let q = 0; q < outWidth; q++) {
        const left = Math.max(0, q * strideWidth - padInfo.left);
        const right = Math.min(inWidth, q * strideWidth - padInfo.left + filterWidth);
        const share = 1 / ((bottom - top) * (right - left));
        const output = ((n * outHeight + p) * outWidth + q) * channels;
        for (let h = top; h < bottom; h++) {
          for (let w = left; w < right; w++) {
            const at = ((n * inHeight + h) * inWidth + w) * channels;
            for (let c = 0; c < channels; c++) sums[at + c]! += upstream[output + c]! * share;
          }
        }
      }
    }
  }
  return result;
});
