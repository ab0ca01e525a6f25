import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import { addressOf, kernelsOf, type WasmBackend, withRooms, zeros } from './memory.js';

type Shape4 = [number, number, number, number];
type Info = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

interface DepthwiseAttributes {
  strides: [number, number];
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Filter and input gradients of depthwise convolutions without dilation, for any channel multiplier. */
export function depthwiseGradients(tf: Tf): KernelConfig[] {
  const describe = (input: number[], filter: number[], attributes: DepthwiseAttributes): Info => {
    const { strides, pad, dimRoundingMode } = attributes;
    return tf.backend_util.computeConv2DInfo(
      input as Shape4,
      filter as Shape4,
      strides,
      1,
      pad,
      dimRoundingMode,
      true,
    );
  };
  return [
    {
      kernelName: 'DepthwiseConv2dNativeBackpropFilter',
      backendName: 'wasm',
      kernelFunc({ inputs, attrs, backend }) {
        const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
        const attributes = attrs as unknown as DepthwiseAttributes & { filterShape: number[] };
        const info = describe(x.shape, attributes.filterShape, attributes);
        return filterGradient(backend as WasmBackend, info, x, dy);
      },
    },
    {
      kernelName: 'DepthwiseConv2dNativeBackpropInput',
      backendName: 'wasm',
      kernelFunc({ inputs, attrs, backend }) {
        const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
        const attributes = attrs as unknown as DepthwiseAttributes & { inputShape: number[] };
        const info = describe(attributes.inputShape, filter.shape, attributes);
        return inputGradient(backend as WasmBackend, info, dy, filter);
      },
    },
  ];
}

/** Sizes of the padded image that the windows cover, and bytes of one image before and after. */
function paddedImage(info: Info) {
  const height = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
  const width = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
  return {
    height,
    width,
    length: height * width * info.inChannels,
    multiplier: info.outChannels / info.inChannels,
    xBytes: 4 * info.inHeight * info.inWidth * info.inChannels,
    dyBytes: 4 * info.outHeight * info.outWidth * info.outChannels,
  };
}

function filterGradient(backend: WasmBackend, info: Info, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const kernels = kernelsOf(backend);
  const output = zeros(backend, info.filterShape);
  const { height, width, length, multiplier, xBytes, dyBytes } = paddedImage(info);
  const { inChannels: channels, strideHeight, strideWidth } = info;
  const { top, left } = info.padInfo;
  withRooms(backend, [length], (padded) => {
    for (let image = 0; image < info.batchSize; image += 1) {
      const from = addressOf(backend, x) + image * xBytes;
      kernels.place(from, info.inHeight, info.inWidth, 4 * channels, padded, height, width, top, left, 1, 1);
      kernels.depthwiseFilterGradient(
        padded,
        width,
        channels,
        multiplier,
        strideHeight,
        strideWidth,
        addressOf(backend, dy) + image * dyBytes,
        info.outHeight,
        info.outWidth,
        info.filterHeight,
        info.filterWidth,
        output.address,
      );
    }
  });
  return output.tensor;
}

function inputGradient(backend: WasmBackend, info: Info, dy: TensorInfo, filter: TensorInfo): TensorInfo {
  const kernels = kernelsOf(backend);
  const output = backend.makeOutput(info.inShape, 'float32');
  const { height, width, length, multiplier, xBytes, dyBytes } = paddedImage(info);
  const { inChannels: channels, strideHeight, strideWidth } = info;
  const { top, left } = info.padInfo;
  withRooms(backend, [length], (padded) => {
    for (let image = 0; image < info.batchSize; image += 1) {
      backend.wasm.HEAPU8.fill(0, padded, padded + 4 * length);
      kernels.depthwiseInputGradient(
        addressOf(backend, dy) + image * dyBytes,
        info.outHeight,
        info.outWidth,
        addressOf(backend, filter),
        info.filterHeight,
        info.filterWidth,
        channels,
        multiplier,
        strideHeight,
        strideWidth,
        padded,
        width,
      );
      const to = addressOf(backend, output) + image * xBytes;
      kernels.place(padded, height, width, 4 * channels, to, info.inHeight, info.inWidth, -top, -left, 1, 1);
    }
  });
  return output;
}
