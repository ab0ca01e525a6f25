import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import { addressOf, kernelsOf, type WasmBackend, withRooms, zeros } from './memory.js';

type Shape4 = [number, number, number, number];
type Info = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

interface ConvolutionAttributes {
  strides: [number, number];
  pad: 'valid' | 'same' | number;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Input pixels that `correlate` reads between two visits of the same one, in numbers: half a first-level cache. */
const BLOCK = 4096;

/** Filter and input gradients of 2-d convolutions, NHWC, without dilation. */
export function convolutionGradients(tf: Tf): KernelConfig[] {
  const describe = (input: number[], filter: number[], attributes: ConvolutionAttributes): Info => {
    const { strides, pad, dataFormat, dimRoundingMode } = attributes;
    if (dataFormat === 'NCHW') throw new RangeError('Expected images as NHWC but received NCHW');
    return tf.backend_util.computeConv2DInfo(
      input as Shape4,
      filter as Shape4,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      'channelsLast',
    );
  };

  const filterGradient: KernelConfig = {
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc({ inputs, attrs, backend }) {
      const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
      const attributes = attrs as unknown as ConvolutionAttributes & { filterShape: number[] };
      const info = describe(x.shape, attributes.filterShape, attributes);
      return correlateWithGradient(backend as WasmBackend, info, x, dy);
    },
  };

  const inputGradient: KernelConfig = {
    kernelName: 'Conv2DBackpropInput',
    backendName: 'wasm',
    kernelFunc({ inputs, attrs, backend }) {
      const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
      const attributes = attrs as unknown as ConvolutionAttributes & { inputShape: number[] };
      const info = describe(attributes.inputShape, filter.shape, attributes);
      const convolve = tf.getKernel('Conv2D', 'wasm').kernelFunc;
      return convolveGradient(backend as WasmBackend, info, dy, filter, (x, turned, pad) => {
        const conv2d = { strides: [1, 1], dilations: [1, 1], pad, dataFormat: 'NHWC' };
        return convolve({ inputs: { x, filter: turned }, backend, attrs: conv2d }) as TensorInfo;
      });
    },
  };

  return [filterGradient, inputGradient];
}

/** dw[ky, kx, i, o] = Σ x[n, y·s + ky − top, x·s + kx − left, i] · dy[n, y, x, o], as a product of matrices. */
function correlateWithGradient(backend: WasmBackend, info: Info, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth, padInfo } = info;
  const kernels = kernelsOf(backend);
  const output = zeros(backend, info.filterShape);
  const rows = filterHeight * filterWidth * inChannels;
  const tiles = Math.ceil(rows / 4);
  const panels = Math.ceil(outChannels / 8);
  // A pointwise filter reads images in place, and several small ones as one tall image.
  const pointwise =
    rows === inChannels && strideHeight * strideWidth === 1 && info.inHeight === info.outHeight;
  const area = info.outHeight * info.outWidth;
  const group = pointwise ? Math.min(info.batchSize, Math.ceil(BLOCK / area)) : 1;
  const height = (info.outHeight - 1) * strideHeight + filterHeight;
  const width = (info.outWidth - 1) * strideWidth + filterWidth;
  const stepX = 4 * strideWidth * inChannels;
  const stepY = 4 * strideHeight * width * inChannels;
  const lines = Math.ceil(Math.max(32, Math.min(512, BLOCK / inChannels)) / info.outWidth);
  const lengths = [
    pointwise ? 0 : height * width * inChannels,
    group * area * panels * 8,
    tiles * 4,
    tiles * 4 * panels * 8,
  ] as const;
  withRooms(backend, lengths, (padded, packed, offsets, sums) => {
    const { buffer } = backend.wasm.HEAPU8;
    // Rows that fill up the last tile read anything valid; their sums are left behind.
    new Int32Array(buffer, offsets, tiles * 4).fill(0).set(offsetsOf(info, width));
    new Uint8Array(buffer, sums, 4 * lengths[3]).fill(0);
    for (let image = 0; image < info.batchSize; image += group) {
      const outHeight = Math.min(group, info.batchSize - image) * info.outHeight;
      const positions = outHeight * info.outWidth;
      const from = addressOf(backend, x) + 4 * image * info.inHeight * info.inWidth * inChannels;
      const { top, left } = padInfo;
      const source = pointwise ? from : padded;
      if (!pointwise) {
        const pixelBytes = 4 * inChannels;
        kernels.place(from, info.inHeight, info.inWidth, pixelBytes, padded, height, width, top, left, 1, 1);
      }
      kernels.pack(addressOf(backend, dy) + 4 * image * area * outChannels, positions, outChannels, packed);
      const block = [packed, outHeight, info.outWidth, panels, lines, sums];
      kernels.correlate(source, stepY, stepX, offsets, tiles, ...block);
    }
    kernels.unpack(sums, tiles * 4, rows, outChannels, output.address);
  });
  return output.tensor;
}

/** Where each of the filter's [ky, kx, input] reads in a padded image of this width, in bytes from a window's corner. */
function offsetsOf({ filterHeight, filterWidth, inChannels }: Info, width: number): number[] {
  return Array.from({ length: filterHeight * filterWidth * inChannels }, (_, row) => {
    const tap = Math.floor(row / inChannels);
    const pixel = Math.floor(tap / filterWidth) * width + (tap % filterWidth);
    return 4 * (pixel * inChannels + (row % inChannels));
  });
}

type ExplicitPad = [[0, 0], [number, number], [number, number], [0, 0]];

/**
 * The transposed convolution as a convolution of stride 1 with the filter turned by 180°, which the backend has
 * fast: a stride becomes zeros between the gradient's pixels.
 */
function convolveGradient(
  backend: WasmBackend,
  info: Info,
  dy: TensorInfo,
  filter: TensorInfo,
  convolve: (x: TensorInfo, filter: TensorInfo, pad: ExplicitPad | 'valid') => TensorInfo,
): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth, padInfo } = info;
  const kernels = kernelsOf(backend);
  const turned = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], 'float32');
  const taps = filterHeight * filterWidth;
  kernels.rotate(addressOf(backend, filter), taps, inChannels, outChannels, addressOf(backend, turned));
  const top = filterHeight - 1 - padInfo.top;
  const left = filterWidth - 1 - padInfo.left;
  const height = info.inHeight + filterHeight - 1;
  const width = info.inWidth + filterWidth - 1;
  const bottom = height - top - info.outHeight;
  const right = width - left - info.outWidth;
  try {
    if (strideHeight * strideWidth === 1 && Math.min(top, left, bottom, right) >= 0) {
      return convolve(dy, turned, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
    }
    const spread = backend.makeOutput([info.batchSize, height, width, outChannels], 'float32');
    for (let image = 0; image < info.batchSize; image += 1) {
      kernels.place(
        addressOf(backend, dy) + 4 * image * info.outHeight * info.outWidth * outChannels,
        info.outHeight,
        info.outWidth,
        4 * outChannels,
        addressOf(backend, spread) + 4 * image * height * width * outChannels,
        height,
        width,
        top,
        left,
        strideHeight,
        strideWidth,
      );
    }
    const result = convolve(spread, turned, 'valid');
    backend.disposeData(spread.dataId);
    return result;
  } finally {
    backend.disposeData(turned.dataId);
  }
}
