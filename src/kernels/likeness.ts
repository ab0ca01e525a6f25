import { HASH_GRID, luma } from './perceptual-hash.js';

/** The side of the colour grid that is kept of a photo for comparisons. */
export const KEPT_GRID = 16;
export const KEPT_BYTES = KEPT_GRID * KEPT_GRID * 3;

/** Two photos are the same picture when both stay below these, in levels of 0..255. Chosen on re-encoded pairs. */
const SAME_MEAN = 3;
const SAME_CELL = 24;
/** Two photos are of one family when their grey grids correlate above this and differ by less on average. */
const FAMILY_CORRELATION = 0.985;
const FAMILY_MEAN = 8;

/** Halves the hashed grid: 32 × 32 × 3 → 16 × 16 × 3 mean colours, written into `target` at `offset`. */
export function keepGrid(grid: Uint8Array, target: Uint8Array, offset: number): void {
  for (let y = 0; y < KEPT_GRID; y++) {
    for (let x = 0; x < KEPT_GRID; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const at = 3 * (2 * y * HASH_GRID + 2 * x) + channel;
        const sum = grid[at]! + grid[at + 3]! + grid[at + 3 * HASH_GRID]! + grid[at + 3 * HASH_GRID + 3]!;
        target[offset + 3 * (y * KEPT_GRID + x) + channel] = (sum + 2) >> 2;
      }
    }
  }
}

/**
 * Whether two grids are one picture, in colour: close on average, and no cell far off in any channel, so that neither
 * two photos on white nor two colours of one product pass.
 */
export function samePicture(a: Uint8Array, b: Uint8Array): boolean {
  let sum = 0;
  for (let at = 0; at < KEPT_BYTES; at++) {
    const difference = Math.abs(a[at]! - b[at]!);
    if (difference > SAME_CELL) return false;
    sum += difference;
  }
  return sum < SAME_MEAN * KEPT_BYTES;
}

/** Whether two grids are nearly one picture in grey: crops, colour variants of one shot. */
export function sameFamily(a: Uint8Array, b: Uint8Array): boolean {
  const pixels = KEPT_GRID * KEPT_GRID;
  let [sumA, sumB, squareA, squareB, product, difference] = [0, 0, 0, 0, 0, 0];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const left = luma(a, pixel);
    const right = luma(b, pixel);
    sumA += left;
    sumB += right;
    squareA += left * left;
    squareB += right * right;
    product += left * right;
    difference += Math.abs(left - right);
  }
  if (difference >= FAMILY_MEAN * pixels) return false;
  const covariance = product - (sumA * sumB) / pixels;
  const variance = (squareA - sumA ** 2 / pixels) * (squareB - sumB ** 2 / pixels);
  return covariance > FAMILY_CORRELATION * Math.sqrt(variance);
}
