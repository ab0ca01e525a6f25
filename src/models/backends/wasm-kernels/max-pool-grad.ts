import type { TensorInfo } from '@tensorflow/tfjs';
import { type Padding, shape4D, wasmKernel } from './kernel.js';

interface Attributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: Padding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The gradient of maximum pooling: each output's gradient goes to the first largest input of its window, row by row,
 * as in TensorFlow. The backend's own kernel sends it nowhere, or elsewhere, where a window's maximum is not positive.
 */
export const maxPoolGrad = wasmKernel<Attributes>('MaxPoolGrad', (tf, { inputs, backend, attrs }) => {
  const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool2DInfo(
    shape4D(input.shape),
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, padInfo } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  const result = backend.makeOutput(input.shape, 'float32');
  const [upstream, values, sums] = [dy, input, result].map((tensor) =>
    backend.typedArrayFromHeap(tensor),
  ) as [Float32Array, Float32Array, Float32Array];
  sums.fill(0);
  for (let n = 0; n < batchSize; n++) {
    for (let p = 0; p < outHeight; p++) {
      const top = Math.max(0, p * strideHeight - padInfo.top);
      const bottom = Math.min(inHeight, p * strideHeight - padInfo.top + filterHeight);
      for (let q = 0; q < outWidth; q++) {
        const left = Math.max(0, q * strideWidth - padInfo.left);
        const right = Math.min(inWidth, q * strideWidth - padInfo.left + filterWidth);
        const output = ((n * outHeight + p) * outWidth + q) * channels;
        for (let c = 0; c < channels; c++) {
          let best = -1;
          let largest = Number.NEGATIVE_INFINITY;
          for (let h = top; h < bottom; h++) {
            for (let w = left; w < right; w++) {
              const at = ((n * inHeight + h) * inWidth + w) * channels + c;
              const value = values[at]!;
              // Not-a-number is larger than all, as in TensorFlow: it must not vanish. (It alone differs from itself.)
              if (best >= 0 && value <= largest) continue;
              // biome-ignore lint/suspicious/noSelfCompare: the fastest test for not-a-number in this loop.
              if (best >= 0 && largest !== largest) continue;
              best = at;
              largest = value;
            }
          }
          if (best >= 0) sums[best]! += upstream[output + c]!;
        }
      }
    }
  }
  return result;
});
