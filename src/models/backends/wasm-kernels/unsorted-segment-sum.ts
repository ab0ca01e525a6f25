import type { TensorInfo } from '@tensorflow/tfjs';
import { wasmKernel } from './kernel.js';

/**
 * Sums rows by their segment: x [n, …] and segmentIds [n] give [numSegments, …]; rows with a negative segment are left
 * out. The gradient of gather, and so of everything that looks rows up.
 */
export const unsortedSegmentSum = wasmKernel<{ numSegments: number }>(
  'UnsortedSegmentSum',
  (_, { inputs, backend, attrs: { numSegments } }) => {
    const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const [count = 0, ...rest] = x.shape;
    const size = rest.reduce((product, length) => product * length, 1);
    const result = backend.makeOutput([numSegments, ...rest], 'float32');
    const rows = backend.typedArrayFromHeap(x);
    const segments = backend.typedArrayFromHeap(segmentIds);
    const sums = backend.typedArrayFromHeap(result);
    sums.fill(0);
    for (let row = 0; row < count; row++) {
      const segment = segments[row]!;
      if (segment < 0 || segment >= numSegments) continue;
      for (let at = 0; at < size; at++) sums[segment * size + at]! += rows[row * size + at]!;
    }
    return result;
  },
);
