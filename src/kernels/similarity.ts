import { readFileSync } from 'node:fs';
import { PipelineError } from '../errors.js';

const PAGE = 65_536;
/** AssemblyScript's own data lies below. */
const BASE = PAGE;
/** A WebAssembly memory's 4 GiB. */
const MOST_PAGES = 65_536;
/** Bytes that the kernel reads at a time. */
const AT_ONCE = 16;

/** Vectors of signed bytes, compared with one by their angle. */
export interface ByteVectors {
  /** Its vectors one behind the other, [count × stride]: filled by the caller, `width` bytes each, the rest 0. */
  readonly rows: Int8Array;
  /** Bytes from one vector to the next: the width rounded up to a multiple of 16. */
  readonly stride: number;
  /** Computes the vectors' lengths; to be called once they are there, and whenever they change. */
  measure(): void;
  /**
   * The cosines of a vector's angles to all, in −1..1; 0 for vectors of zeros. Of the same vector once more they are not
   * computed again: a photo is looked for by each task.
   * @param query [width]
   * @returns [count]; valid until it is called with another vector
   */
  cosines(query: Int8Array): Float32Array;
}

/**
 * Room for so many vectors, with a kernel of its own.
 * @throws {PipelineError} `INPUT_INVALID` where they would need more than a WebAssembly memory can have.
 */
export function byteVectors(count: number, width: number): ByteVectors {
  const stride = AT_ONCE * Math.ceil(width / AT_ONCE);
  const [query, rows] = [BASE, BASE + stride];
  const dots = rows + count * stride;
  const pages = Math.ceil((dots + 4 * count) / PAGE);
  if (pages > MOST_PAGES) {
    throw new PipelineError(
      'INPUT_INVALID',
      `Expected at most 4 GiB of vectors but found ${pages * PAGE} bytes`,
    );
  }
  const memory = new WebAssembly.Memory({ initial: pages });
  const bytes = readFileSync(new URL('./similarity.wasm', import.meta.url));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory, abort: () => undefined },
  });
  const kernel = exports['dots'] as (
    query: number,
    rows: number,
    count: number,
    width: number,
    target: number,
  ) => void;
  const products = new Int32Array(memory.buffer, dots, count);
  const cosines = new Float32Array(count);
  const inverse = new Float64Array(count);
  const all = new Int8Array(memory.buffer, rows, count * stride);
  let last: Int8Array | undefined;
  return {
    rows: all,
    stride,
    measure() {
      last = undefined;
      for (let row = 0; row < count; row++)
        inverse[row] = inverseLength(all.subarray(row * stride, (row + 1) * stride));
    },
    cosines(vector) {
      if (last?.every((value, at) => value === vector[at])) return cosines;
      last = vector.slice();
      new Int8Array(memory.buffer, query, width).set(vector);
      kernel(query, rows, count, stride, dots);
      const scale = inverseLength(vector);
      for (let row = 0; row < count; row++) cosines[row] = products[row]! * inverse[row]! * scale;
      return cosines;
    },
  };
}

/** 1 over a vector's length; 0 of one of zeros. */
function inverseLength(vector: Int8Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}

/**
 * A vector as signed bytes: its direction, with its greatest number at ±127.
 * @param into [the vector's length]
 */
export function toBytes(vector: ArrayLike<number>, into = new Int8Array(vector.length)): Int8Array {
  let greatest = 0;
  for (let at = 0; at < vector.length; at++) greatest = Math.max(greatest, Math.abs(vector[at]!));
  const scale = greatest === 0 ? 0 : 127 / greatest;
  for (let at = 0; at < vector.length; at++) into[at] = Math.round(vector[at]! * scale);
  return into;
}
