import { describe, expect, it } from 'vitest';
import { contourHash, haveSameShape } from '#src/kernels/contours.js';
import { popcount } from '#src/kernels/hash-index.js';
import { FINE_GRID } from '#src/kernels/likeness.js';
import { HASH_GRID } from '#src/kernels/perceptual-hash.js';

type Colour = readonly [number, number, number];
const WHITE: Colour = [255, 255, 255];

/** A table on white, with or without a stripe across it; places in shares of the side. */
function table(side: number, colour: Colour, stripe?: Colour): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    const [x, y] = [(pixel % side) / side, Math.floor(pixel / side) / side];
    const leg = y >= 0.4 && y < 0.9 && ((x >= 0.2 && x < 0.3) || (x >= 0.7 && x < 0.8));
    const top = y >= 0.3 && y < 0.4 && x >= 0.1 && x < 0.9;
    const striped = stripe !== undefined && top && x >= 0.4 && x < 0.6;
    return (striped ? stripe : leg || top ? colour : WHITE)[at % 3]!;
  });
}

describe('haveSameShape', () => {
  const blue = table(FINE_GRID, [30, 60, 160]);

  it('does not mind colours, dark ones or light ones', () => {
    expect(haveSameShape(blue, table(FINE_GRID, [200, 40, 40]))).toBe(true);
    expect(haveSameShape(blue, table(FINE_GRID, [220, 205, 150]))).toBe(true);
    expect(haveSameShape(blue, table(FINE_GRID, [0, 0, 0]))).toBe(true);
  });

  it('minds another shape, another print and another place', () => {
    const upsideDown = blue.slice().reverse();
    expect(haveSameShape(blue, upsideDown)).toBe(false);
    expect(haveSameShape(blue, table(FINE_GRID, [30, 60, 160], WHITE))).toBe(false);
    const row = 3 * FINE_GRID;
    const lower = Uint8Array.from([...blue.subarray(-4 * row), ...blue.subarray(0, -4 * row)]);
    expect(haveSameShape(blue, lower)).toBe(false);
  });

  it('sees none in photos without contours', () => {
    const plain = new Uint8Array(FINE_GRID * FINE_GRID * 3).fill(250);
    expect(haveSameShape(plain, plain)).toBe(false);
  });
});

it('contourHash is nearly the same for other colours of a shape', () => {
  const bits = (a: string, b: string) =>
    [0, 8].reduce(
      (sum, at) =>
        sum + popcount(Number.parseInt(a.slice(at, at + 8), 16) ^ Number.parseInt(b.slice(at, at + 8), 16)),
      0,
    );
  const hash = (colour: Colour) => contourHash(table(HASH_GRID, colour));
  expect(bits(hash([30, 60, 160]), hash([220, 205, 150]))).toBeLessThanOrEqual(10);
  expect(bits(hash([0, 0, 0]), hash([200, 40, 40]))).toBeLessThanOrEqual(10);
  const other = contourHash(table(HASH_GRID, [30, 60, 160]).slice().reverse());
  expect(bits(hash([30, 60, 160]), other)).toBeGreaterThan(10);
});
