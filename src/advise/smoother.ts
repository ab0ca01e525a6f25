import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';
import { factorCholesky, inverseAt, invertCholesky, solveCholesky } from '../models/kernel/cholesky.js';

/** How much is taken from fitting each photo: more than a head that is to predict wants, as labels may be wrong. */
const RIDGE = 0.3;
/** What keeps a matrix positive definite where photos are alike. */
const JITTER = 1e-9;

/** A ridge regression that was solved for any targets: H, with which H·Y is what is fitted to targets Y. */
export interface Smoother {
  /**
   * What is left of targets: (I − H)·Y.
   * @param targets [rows × columns], row-major
   */
  residuals(targets: Float64Array): Float64Array;
  /** I − H in some rows and the same columns, row-major. */
  block(rows: readonly number[]): Float64Array;
}

interface SolveOptions {
  signal: AbortSignal;
  /** Told how many of `total` rows are done. */
  onRows?: (done: number, total: number) => void;
}

/**
 * Kernel ridge regression on all rows: I − H = ridge · (K + ridge · I)⁻¹.
 * @param kernel K, [size × size]; overwritten
 * @throws {PipelineError} `ABORTED`
 */
export async function exactSmoother(
  kernel: Float64Array,
  size: number,
  { signal, onRows }: SolveOptions,
): Promise<Smoother> {
  for (let row = 0; row < size; row++) kernel[row * size + row]! += RIDGE;
  await factorCholesky(kernel, size, { signal, onRows: (done) => onRows?.(done, 2 * size) });
  await invertCholesky(kernel, size, { signal, onRows: (done) => onRows?.(size + done, 2 * size) });
  return {
    residuals: (targets) => solveCholesky(kernel, size, targets, size).map((value) => RIDGE * value),
    block: (rows) =>
      Float64Array.from(
        { length: rows.length ** 2 },
        (_, at) =>
          RIDGE * inverseAt(kernel, size, rows[Math.floor(at / rows.length)]!, rows[at % rows.length]!),
      ),
  };
}

/**
 * The same on some of the rows, the landmarks, where all are too many: H = Φ·(Φᵀ·Φ + ridge · K)⁻¹·Φᵀ, where Φ is the kernel
 * of all rows with the landmarks, and K that of the landmarks (a subset of regressors: Poggio and Girosi 1990).
 * @param kernel Φ, [rows × landmarks]; overwritten
 * @param landmarks the rows that the columns stand for
 * @throws {PipelineError} `ABORTED`
 */
export async function landmarkSmoother(
  kernel: Float64Array,
  landmarks: Int32Array,
  { signal, onRows }: SolveOptions,
): Promise<Smoother> {
  const width = landmarks.length;
  const rows = kernel.length / width;
  const system = new Float64Array(width * width);
  for (const [row, photo] of landmarks.entries()) {
    for (let column = 0; column <= row; column++) {
      system[row * width + column] = RIDGE * kernel[photo * width + column]!;
    }
    system[row * width + row]! += JITTER;
  }
  for (let photo = 0; photo < rows; photo++) {
    const own = kernel.subarray(photo * width, (photo + 1) * width);
    for (let row = 0; row < width; row++) {
      const value = own[row]!;
      const into = system.subarray(row * width, row * width + row + 1);
      for (let column = 0; column <= row; column++) into[column]! += value * own[column]!;
    }
    if (photo % 16 === 0) await pause(signal, () => onRows?.(photo, 2 * rows));
  }
  await factorCholesky(system, width, { signal });
  // Φ becomes B = Φ·L⁻ᵀ, so that H = B·Bᵀ.
  for (let photo = 0; photo < rows; photo++) {
    const own = kernel.subarray(photo * width, (photo + 1) * width);
    for (let column = 0; column < width; column++) {
      const factor = system.subarray(column * width, column * width + column);
      own[column] = (own[column]! - product(factor, own, column)) / system[column * width + column]!;
    }
    if (photo % 16 === 0) await pause(signal, () => onRows?.(rows + photo, 2 * rows));
  }
  return {
    residuals(targets) {
      const columns = targets.length / rows;
      const fitted = new Float64Array(width * columns);
      const left = targets.slice();
      for (let row = 0; row < rows; row++) {
        for (let at = 0; at < width; at++) {
          const value = kernel[row * width + at]!;
          for (let k = 0; k < columns; k++) fitted[at * columns + k]! += value * targets[row * columns + k]!;
        }
      }
      for (let row = 0; row < rows; row++) {
        for (let at = 0; at < width; at++) {
          const value = kernel[row * width + at]!;
          for (let k = 0; k < columns; k++) left[row * columns + k]! -= value * fitted[at * columns + k]!;
        }
      }
      return left;
    },
    block(some) {
      const of = (row: number) => kernel.subarray(row * width, (row + 1) * width);
      return Float64Array.from({ length: some.length ** 2 }, (_, at) => {
        const [a, b] = [Math.floor(at / some.length), at % some.length];
        return Number(a === b) * (1 + JITTER) - product(of(some[a]!), of(some[b]!), width);
      });
    },
  };
}

async function pause(signal: AbortSignal, tell: () => void): Promise<void> {
  tell();
  await setImmediate();
  throwIfAborted(signal);
}

function product(a: Float64Array, b: Float64Array, length: number): number {
  let [s, t] = [0, 0];
  let at = 0;
  for (; at + 1 < length; at += 2) {
    s += a[at]! * b[at]!;
    t += a[at + 1]! * b[at + 1]!;
  }
  if (at < length) s += a[at]! * b[at]!;
  return s + t;
}
