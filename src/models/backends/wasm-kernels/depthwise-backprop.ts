import type { TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import { assertChannelsLast, type ConvolutionAttributes, shape4D, wasmKernel } from './kernel.js';

type Info = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

function convolution(
  tf: Tf,
  inShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvolutionAttributes,
): Info {
  assertChannelsLast(attrs, 'depthwise gradient');
  const { strides, pad, dilations = 1, dimRoundingMode } = attrs;
  const shapes = [shape4D(inShape), shape4D(filterShape)] as const;
  return tf.backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode, true);
}

/**
 * Calls back for each pair of an output pixel and a filter tap that meet inside the input, with the offsets of their
 * channels: in the input (and its gradient), in the filter, in the output's gradient.
 */
function eachMeeting(info: Info, meet: (input: number, tap: number, output: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } =
    info;
  for (let n = 0; n < batchSize; n++) {
    for (let p = 0; p < outHeight; p++) {
      for (let fh = 0; fh < filterHeight; fh++) {
        const h = p * strideHeight + fh * dilationHeight - padInfo.top;
        if (h < 0 || h >= inHeight) continue;
        for (let q = 0; q < outWidth; q++) {
          const output = ((n * outHeight + p) * outWidth + q) * outChannels;
          for (let fw = 0; fw < filterWidth; fw++) {
            const w = q * strideWidth + fw * dilationWidth - padInfo.left;
            if (w < 0 || w >= inWidth) continue;
            meet(
              ((n * inHeight + h) * inWidth + w) * inChannels,
              (fh * filterWidth + fw) * outChannels,
              output,
            );
          }
        }
      }
    }
  }
}

/** The gradient of a depthwise convolution for its filter: [fh, fw, channels, multiplier]. */
export const depthwiseBackpropFilter = wasmKernel<ConvolutionAttributes & { filterShape: number[] }>(
  'DepthwiseConv2dNativeBackpropFilter',
  (tf, { inputs, backend, attrs }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const info = convolution(tf, x.shape, attrs.filterShape, attrs);
    const result = backend.makeOutput(attrs.filterShape, 'float32');
    const [image, upstream, sums] = [x, dy, result].map((tensor) => backend.typedArrayFromHeap(tensor)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const { inChannels, outChannels } = info;
    const multiplier = outChannels / inChannels;
    // In double precision: a sum over a whole batch of photos.
    const exact = new Float64Array(sums.length);
    eachMeeting(info, (input, tap, output) => {
      if (multiplier === 1) {
        for (let c = 0; c < inChannels; c++) exact[tap + c]! += image[input + c]! * upstream[output + c]!;
        return;
      }
      for (let k = 0; k < outChannels; k++) {
        exact[tap + k]! += image[input + Math.floor(k / multiplier)]! * upstream[output + k]!;
      }
    });
    sums.set(exact);
    return result;
  },
);

/** The gradient of a depthwise convolution for its input. */
export const depthwiseBackpropInput = wasmKernel<ConvolutionAttributes & { inputShape: number[] }>(
  'DepthwiseConv2dNativeBackpropInput',
  (tf, { inputs, backend, attrs }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const info = convolution(tf, attrs.inputShape, filter.shape, attrs);
    const result = backend.makeOutput(attrs.inputShape, 'float32');
    const [upstream, weights, sums] = [dy, filter, result].map((tensor) =>
      backend.typedArrayFromHeap(tensor),
    ) as [Float32Array, Float32Array, Float32Array];
    sums.fill(0);
    const { inChannels, outChannels } = info;
    const multiplier = outChannels / inChannels;
    eachMeeting(info, (input, tap, output) => {
      if (multiplier === 1) {
        for (let c = 0; c < inChannels; c++) sums[input + c]! += weights[tap + c]! * upstream[output + c]!;
        return;
      }
      for (let k = 0; k < outChannels; k++) {
        sums[input + Math.floor(k / multiplier)]! += weights[tap + k]! * upstream[output + k]!;
      }
    });
    return result;
  },
);
