import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byteVectors, toBytes } from '#src/kernels/similarity.js';

const byte = fc.integer({ min: -127, max: 127 });

it('computes the cosines of any vectors of bytes, whatever their width', () => {
  const vectors = fc
    .integer({ min: 1, max: 70 })
    .chain((width) =>
      fc.array(fc.array(byte, { minLength: width, maxLength: width }), { minLength: 2, maxLength: 9 }),
    );
  fc.assert(
    fc.property(vectors, ([query, ...others]) => {
      const width = query!.length;
      const rows = byteVectors(others.length, width);
      for (const [row, other] of others.entries()) rows.rows.set(other, row * rows.stride);
      rows.measure();
      const cosines = rows.cosines(Int8Array.from(query!));
      const dot = (a: number[], b: number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
      for (const [row, other] of others.entries()) {
        const lengths = Math.sqrt(dot(query!, query!) * dot(other, other));
        expect(cosines[row]).toBeCloseTo(lengths === 0 ? 0 : dot(query!, other) / lengths, 6);
      }
    }),
    { numRuns: 200 },
  );
});

it('keeps the greatest sums exact', () => {
  const width = 4096;
  const rows = byteVectors(2, width);
  rows.rows.fill(127, 0, rows.stride).fill(-127, rows.stride);
  rows.measure();
  expect([...rows.cosines(new Int8Array(width).fill(127))]).toEqual([1, -1]);
});

it('gives a vector’s direction as bytes', () => {
  expect([...toBytes([0.5, -1, 0.25])]).toEqual([64, -127, 32]);
  expect([...toBytes([0, 0])]).toEqual([0, 0]);
  const rows = byteVectors(1, 2);
  rows.measure();
  expect([...rows.cosines(Int8Array.of(0, 1))]).toEqual([0]);
});

it('gives the same of the same vector again, and knows another one and other rows', () => {
  const rows = byteVectors(1, 2);
  rows.rows.set([3, 4]);
  rows.measure();
  const of = (...query: number[]) => Number(rows.cosines(Int8Array.from(query))[0]!.toFixed(6));
  expect([of(1, 0), of(1, 0), of(0, 1), of(1, 0)]).toEqual([0.6, 0.6, 0.8, 0.6]);
  rows.rows.set([4, 3]);
  rows.measure();
  expect(of(1, 0)).toBe(0.8);
});
