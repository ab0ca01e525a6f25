import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';
import { addressOf, sizeOf, type WasmBackend } from './memory.js';

/**
 * Repeats one row, as the gradient of batch norm does with a mean a channel: the backend itself copies number by
 * number. Other repetitions are left to it.
 */
export function rowTile(tf: Tf): KernelConfig {
  const other = tf.getKernel('Tile', 'wasm');
  return {
    ...other,
    kernelFunc(call) {
      const { x } = call.inputs as { x: TensorInfo };
      const { reps } = call.attrs as unknown as { reps: number[] };
      const columns = x.shape.at(-1);
      const isRow = columns === sizeOf(x.shape) && reps.length === x.shape.length && reps.at(-1) === 1;
      const rows = sizeOf(reps);
      if (!isRow || x.dtype !== 'float32' || !columns || !rows) return other.kernelFunc(call);
      const backend = call.backend as WasmBackend;
      const tensor = backend.makeOutput([...reps.slice(0, -1), columns], 'float32');
      const from = addressOf(backend, x);
      const to = addressOf(backend, tensor);
      const memory = backend.wasm.HEAPU8;
      const end = to + 4 * rows * columns;
      memory.copyWithin(to, from, from + 4 * columns);
      // What is filled so far, again and again.
      for (let filled = 4 * columns; to + filled < end; filled *= 2) {
        memory.copyWithin(to + filled, to, Math.min(to + filled, end - filled));
      }
      return tensor;
    },
  };
}
