import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../../errors.js';

/** Rows that are worked on together: what two blocks read stays in the processor's cache. */
const BLOCK = 32;

/**
 * Factors a symmetric positive definite matrix in place, A = L·Lᵀ: its lower triangle becomes L's; what is above the
 * diagonal is neither read nor written. L's leading rows are the factor of A's leading rows and columns, so that a smaller
 * system is solved by the same factor. Between blocks of rows the event loop gets its turn. (Golub & Van Loan, Matrix
 * Computations, 4.2.)
 * @param matrix [size × size], row-major
 * @throws {PipelineError} `ABORTED`; {RangeError} where it is not positive definite.
 */
export async function factorCholesky(
  matrix: Float64Array,
  size: number,
  { signal, onRows }: { signal: AbortSignal; onRows?: (done: number) => void },
): Promise<void> {
  for (let first = 0; first < size; first += BLOCK) {
    const end = Math.min(first + BLOCK, size);
    for (let start = 0; start < end; start += BLOCK) {
      for (let row = first; row < end; row++) {
        const last = Math.min(start + BLOCK, row + 1);
        for (let column = start; column < last; column++) {
          const rest = matrix[row * size + column]! - dot(matrix, row * size, column * size, column);
          matrix[row * size + column] =
            column < row ? rest / matrix[column * size + column]! : rootOf(rest, row);
        }
      }
    }
    onRows?.(end);
    await setImmediate();
    throwIfAborted(signal);
  }
}

function rootOf(value: number, row: number): number {
  if (value > 0) return Math.sqrt(value);
  throw new RangeError(`Expected a positive definite matrix but found ${value} in row ${row}`);
}

/**
 * Writes the inverse of a factor, transposed, above the factor's own diagonal: of U = L⁻¹, column j stands in row j behind the
 * diagonal, whose own value is 1 / L[j, j]. So A⁻¹ = Uᵀ·U is read off rows (`inverseAt`), without room for a second matrix.
 * @param factor as `factorCholesky` leaves it, [size × size]
 * @throws {PipelineError} `ABORTED`
 */
export async function invertCholesky(
  factor: Float64Array,
  size: number,
  { signal, onRows }: { signal: AbortSignal; onRows?: (done: number) => void },
): Promise<void> {
  for (let first = 0; first < size; first += BLOCK) {
    const end = Math.min(first + BLOCK, size);
    for (let start = 0; start < end; start += BLOCK) {
      for (let row = first; row < end; row++) {
        const pivot = factor[row * size + row]!;
        const last = Math.min(start + BLOCK, row);
        for (let column = start; column < last; column++) {
          const diagonal = column * size + column;
          const own = factor[row * size + column]! / factor[diagonal]!;
          const between = dot(factor, row * size + column + 1, diagonal + 1, row - column - 1);
          factor[column * size + row] = -(own + between) / pivot;
        }
      }
    }
    onRows?.(end);
    await setImmediate();
    throwIfAborted(signal);
  }
}

/** A⁻¹ in a row and a column, of a factor that `invertCholesky` has gone over. */
export function inverseAt(factor: Float64Array, size: number, row: number, column: number): number {
  const [low, high] = row < column ? [row, column] : [column, row];
  const pivot = factor[high * size + high]!;
  const first = low === high ? 1 / pivot : factor[low * size + high]!;
  const from = high + 1;
  return first / pivot + dot(factor, low * size + from, high * size + from, size - from);
}

/** Σ of products of two rows' first numbers, in four sums, so that none waits for the one before. */
function dot(matrix: Float64Array, a: number, b: number, length: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 3 < length; at += 4) {
    s += matrix[a + at]! * matrix[b + at]!;
    t += matrix[a + at + 1]! * matrix[b + at + 1]!;
    u += matrix[a + at + 2]! * matrix[b + at + 2]!;
    v += matrix[a + at + 3]! * matrix[b + at + 3]!;
  }
  for (; at < length; at++) s += matrix[a + at]! * matrix[b + at]!;
  return s + t + (u + v);
}

/**
 * Solves A·X = B by A's factor.
 * @param factor as `factorCholesky` leaves it, [size × size]
 * @param right B, [rows × columns], row-major
 * @param rows A's leading rows and columns that are meant
 * @returns X, [rows × columns]
 */
export function solveCholesky(
  factor: Float64Array,
  size: number,
  right: Float64Array,
  rows: number,
): Float64Array {
  const x = right.slice();
  const columns = right.length / rows;
  const subtract = (to: number, from: number, share: number) => {
    if (share === 0) return;
    for (let k = 0; k < columns; k++) x[to * columns + k]! -= share * x[from * columns + k]!;
  };
  const divide = (row: number) => {
    const pivot = factor[row * size + row]!;
    for (let k = 0; k < columns; k++) x[row * columns + k]! /= pivot;
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < row; column++) subtract(row, column, factor[row * size + column]!);
    divide(row);
  }
  for (let row = rows - 1; row >= 0; row--) {
    divide(row);
    for (let column = 0; column < row; column++) subtract(column, row, factor[row * size + column]!);
  }
  return x;
}
