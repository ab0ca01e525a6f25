import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';

/** How fast a photo's influence falls with the squared distance: as the recommended recipe's head. */
const GAMMA = 2;
/** Rows and columns that are worked on together: what two blocks read stays in the processor's cache. */
const BLOCK = 32;

/**
 * exp(−γ · ‖a − b‖²) for all rows a and some rows b of vectors of length 1, [rows × columns], row-major.
 * @param columns the rows b, by their index; default: all.
 * @param onRows told how much of the work is done, in rows
 * @throws {PipelineError} `ABORTED`
 */
export async function kernelMatrix(
  { vectors, length }: { vectors: Float32Array; length: number },
  {
    columns,
    signal,
    onRows,
  }: { columns?: Int32Array; signal: AbortSignal; onRows?: (done: number, total: number) => void },
): Promise<Float64Array> {
  const rows = vectors.length / length;
  const width = columns?.length ?? rows;
  const matrix = new Float64Array(rows * width);
  for (let first = 0; first < rows; first += BLOCK) {
    const end = Math.min(first + BLOCK, rows);
    // Of all with all, the one half is the other's mirror image.
    const reach = columns === undefined ? end : width;
    for (let start = 0; start < reach; start += BLOCK) {
      const last = Math.min(start + BLOCK, reach);
      for (let row = first; row < end; row++) {
        for (let column = start; column < last; column++) {
          const other = columns?.[column] ?? column;
          const value = Math.exp(2 * GAMMA * (dot(vectors, row * length, other * length, length) - 1));
          matrix[row * width + column] = value;
          if (columns === undefined) matrix[column * width + row] = value;
        }
      }
    }
    // The half matrix's rows become longer.
    onRows?.(columns === undefined ? Math.round(end ** 2 / rows) : end, rows);
    await setImmediate();
    throwIfAborted(signal);
  }
  return matrix;
}

/**
 * In four sums, so that none waits for the one before. `models/kernel/cholesky.ts` has the same of doubles: one function that
 * meets arrays of both kinds takes a quarter longer, and these are all that takes time here.
 */
function dot(values: Float32Array, a: number, b: number, length: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 3 < length; at += 4) {
    s += values[a + at]! * values[b + at]!;
    t += values[a + at + 1]! * values[b + at + 1]!;
    u += values[a + at + 2]! * values[b + at + 2]!;
    v += values[a + at + 3]! * values[b + at + 3]!;
  }
  for (; at < length; at++) s += values[a + at]! * values[b + at]!;
  return s + t + (u + v);
}
