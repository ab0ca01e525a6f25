import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factorCholesky, inverseAt, invertCholesky, solveCholesky } from '#src/models/kernel/cholesky.js';
import { uniform } from '#src/random.js';

const { signal } = new AbortController();

/** G·Gᵀ + 1 on the diagonal, of drawn G: symmetric and positive definite. */
function drawn(size: number, seed: number): Float64Array {
  const g = Float64Array.from({ length: size * size }, (_, at) => uniform('g', seed, at) - 0.5);
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    let sum = row === column ? 1 : 0;
    for (let k = 0; k < size; k++) sum += g[row * size + k]! * g[column * size + k]!;
    return sum;
  });
}

describe('Cholesky', () => {
  it('solves systems of any size, and those of their leading rows by the same factor', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer(),
        async (size, columns, seed) => {
          const a = drawn(size, seed);
          const factor = a.slice();
          await factorCholesky(factor, size, { signal });
          for (const rows of [size, Math.ceil(size / 2)]) {
            const b = Float64Array.from({ length: rows * columns }, (_, at) => uniform('b', seed, at) - 0.5);
            const x = solveCholesky(factor, size, b, rows);
            for (let row = 0; row < rows; row++) {
              for (let k = 0; k < columns; k++) {
                let sum = 0;
                for (let j = 0; j < rows; j++) sum += a[row * size + j]! * x[j * columns + k]!;
                expect(sum).toBeCloseTo(b[row * columns + k]!, 9);
              }
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('inverts matrices of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.integer(), async (size, seed) => {
        const a = drawn(size, seed);
        const factor = a.slice();
        await factorCholesky(factor, size, { signal });
        await invertCholesky(factor, size, { signal });
        for (let row = 0; row < size; row++) {
          for (let column = 0; column < size; column++) {
            let sum = 0;
            for (let k = 0; k < size; k++) sum += a[row * size + k]! * inverseAt(factor, size, k, column);
            expect(sum).toBeCloseTo(Number(row === column), 8);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a matrix that is not positive definite', async () => {
    await expect(factorCholesky(Float64Array.of(1, 0, 2, 1), 2, { signal })).rejects.toThrow(RangeError);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const factoring = factorCholesky(drawn(70, 1), 70, { signal: stop.signal, onRows: () => stop.abort() });
    await expect(factoring).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
