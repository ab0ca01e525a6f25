import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from './memory.js';

/** One-hot rows of any dtype; the backend's own kernel writes integers, also for smoothed float32 labels. */
export const oneHot: KernelConfig = {
  kernelName: 'OneHot',
  backendName: 'wasm',
  kernelFunc({ inputs, attrs, backend: kernelBackend }) {
    const { indices } = inputs as { indices: TensorInfo };
    const { dtype, depth, onValue, offValue } = attrs as unknown as {
      dtype: TensorInfo['dtype'];
      depth: number;
      onValue: number;
      offValue: number;
    };
    const backend = kernelBackend as WasmBackend;
    const output = backend.makeOutput([...indices.shape, depth], dtype);
    const values = backend.typedArrayFromHeap(output).fill(offValue);
    for (const [row, index] of backend.typedArrayFromHeap(indices).entries()) {
      if (index >= 0 && index < depth) values[row * depth + index] = onValue;
    }
    return output;
  },
};
