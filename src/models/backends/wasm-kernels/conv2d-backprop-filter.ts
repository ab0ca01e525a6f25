import type { TensorInfo } from '@tensorflow/tfjs';
import { assertChannelsLast, type ConvolutionAttributes, runKernel, shape4D, wasmKernel } from './kernel.js';

interface Attributes extends ConvolutionAttributes {
  filterShape: number[];
}

/**
 * The gradient of a convolution for its filter, as a convolution by the backend's own kernel: channels of the input
 * become the batch, the batch becomes the channels, the gradient of the output is the filter, and the stride of the
 * forward pass its dilation. x [n, h, w, i] and dy [n, p, q, o] give [fh, fw, i, o].
 */
export const conv2dBackpropFilter = wasmKernel<Attributes>(
  'Conv2DBackpropFilter',
  (tf, { inputs, backend, attrs }) => {
    assertChannelsLast(attrs, 'Conv2DBackpropFilter');
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { strides, pad, dimRoundingMode, filterShape } = attrs;
    const info = tf.backend_util.computeConv2DInfo(
      shape4D(x.shape),
      shape4D(filterShape),
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
    // Negative where the last window leaves rows or columns out: they take part in no product and are cut below.
    const bottom = (info.outHeight - 1) * strideHeight + filterHeight - info.inHeight - padInfo.top;
    const right = (info.outWidth - 1) * strideWidth + filterWidth - info.inWidth - padInfo.left;
    const run = (name: string, operands: Record<string, TensorInfo>, attributes: Record<string, unknown>) =>
      runKernel(tf, backend, name, operands, attributes);
    const image = run('Transpose', { x }, { perm: [3, 1, 2, 0] });
    const filter = run('Transpose', { x: dy }, { perm: [1, 2, 0, 3] });
    const product = run(
      'Conv2D',
      { x: image, filter },
      {
        strides: 1,
        dilations: [strideHeight, strideWidth],
        pad: [
          [0, 0],
          [padInfo.top, Math.max(0, bottom)],
          [padInfo.left, Math.max(0, right)],
          [0, 0],
        ],
        dataFormat: 'NHWC',
      },
    );
    const result = run('Transpose', { x: product }, { perm: [1, 2, 0, 3] });
    for (const used of [image, filter, product]) backend.disposeData(used.dataId);
    if (result.shape[0] === filterHeight && result.shape[1] === filterWidth) return result;
    const size = [filterHeight, filterWidth, info.inChannels, info.outChannels];
    const cut = run('Slice', { x: result }, { begin: [0, 0, 0, 0], size });
    backend.disposeData(result.dataId);
    return cut;
  },
);
