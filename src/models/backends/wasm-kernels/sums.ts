import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import { addressOf, kernelsOf, sizeOf, type WasmBackend, zeros } from './memory.js';

/**
 * Sums and means over all axes but the last, as the gradients of biases and batch norm ask for: the backend itself
 * transposes the whole tensor first. Other axes are left to it.
 */
export function columnSums(tf: Tf, kernelName: 'Sum' | 'Mean'): KernelConfig {
  const other = tf.getKernel(kernelName, 'wasm');
  return {
    ...other,
    kernelFunc(call) {
      const { x } = call.inputs as { x: TensorInfo };
      const { axis, keepDims } = call.attrs as unknown as { axis: number | number[]; keepDims: boolean };
      const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
      const columns = x.shape.at(-1);
      const leading = axes.length === x.shape.length - 1 && axes.every((value, index) => value === index);
      if (!leading || x.dtype !== 'float32' || !columns) return other.kernelFunc(call);
      const backend = call.backend as WasmBackend;
      const rows = sizeOf(x.shape) / columns;
      const { tensor, address } = zeros(backend, keepDims ? [...axes.map(() => 1), columns] : [columns]);
      kernelsOf(backend).columnSums(addressOf(backend, x), rows, columns, address);
      if (kernelName === 'Mean') {
        const values = backend.typedArrayFromHeap(tensor);
        for (let column = 0; column < columns; column += 1) values[column]! /= rows;
      }
      return tensor;
    },
  };
}

/** Sums rows by their segment, the gradient of `gather`; ids outside 0..numSegments−1 are left out. */
export const unsortedSegmentSum: KernelConfig = {
  kernelName: 'UnsortedSegmentSum',
  backendName: 'wasm',
  kernelFunc({ inputs, attrs, backend: kernelBackend }) {
    const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const { numSegments } = attrs as unknown as { numSegments: number };
    const backend = kernelBackend as WasmBackend;
    const inner = x.shape.slice(segmentIds.shape.length);
    const length = sizeOf(inner);
    const output = backend.makeOutput([numSegments, ...inner], x.dtype);
    const ids = backend.typedArrayFromHeap(segmentIds);
    const values = backend.typedArrayFromHeap(x);
    const sums = backend.typedArrayFromHeap(output).fill(0);
    for (const [row, id] of ids.entries()) {
      if (id < 0 || id >= numSegments) continue;
      for (let at = 0; at < length; at += 1) sums[id * length + at]! += values[row * length + at]!;
    }
    return output;
  },
};
