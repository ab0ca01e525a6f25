import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import { addressOf, kernelsOf, type WasmBackend, zeros } from './memory.js';

interface PoolAttributes {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Gradients of pooling as TensorFlow has them. The backend's own one of the maximum ignores windows whose maximum is
 * not positive; that of the average divides by the window's size where `same` padding takes part.
 */
export function poolingGradients(tf: Tf): KernelConfig[] {
  const geometry = (shape: number[], attrs: unknown): number[] => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs as PoolAttributes;
    const info = tf.backend_util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return [
      info.batchSize,
      info.inHeight,
      info.inWidth,
      info.inChannels,
      info.outHeight,
      info.outWidth,
      info.filterHeight,
      info.filterWidth,
      info.strideHeight,
      info.strideWidth,
      info.padInfo.top,
      info.padInfo.left,
    ];
  };
  return [
    {
      kernelName: 'MaxPoolGrad',
      backendName: 'wasm',
      kernelFunc({ inputs, attrs, backend: kernelBackend }) {
        const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
        const backend = kernelBackend as WasmBackend;
        const { tensor, address } = zeros(backend, input.shape);
        const sizes = geometry(input.shape, attrs);
        kernelsOf(backend).maxPoolGradient(
          addressOf(backend, input),
          addressOf(backend, dy),
          address,
          ...sizes,
        );
        return tensor;
      },
    },
    {
      kernelName: 'AvgPoolGrad',
      backendName: 'wasm',
      kernelFunc({ inputs, attrs, backend: kernelBackend }) {
        const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
        const backend = kernelBackend as WasmBackend;
        const { tensor, address } = zeros(backend, input.shape);
        kernelsOf(backend).avgPoolGradient(addressOf(backend, dy), address, ...geometry(input.shape, attrs));
        return tensor;
      },
    },
  ];
}
