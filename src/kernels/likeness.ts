import { HASH_GRID, luma } from './perceptual-hash.js';

/** The side of the colour grid that is kept of every photo. */
export const KEPT_GRID = 16;
export const KEPT_BYTES = KEPT_GRID * KEPT_GRID * 3;
/** The side of the colour grid that two photos are confirmed with, and of the blocks that it is judged by. */
export const FINE_GRID = 64;
const FINE_ROW = 3 * FINE_GRID;
const FINE_BLOCK = 4;
/** Half a pixel of a photo of 256 × 256 pixels, in cells of the fine grid. */
const HALF_PIXEL = (0.5 * FINE_GRID) / 256;

/** Two photos whose kept grids differ by more than this, in levels of 0..255, are not looked at again. */
const COARSE_MEAN = 3;
const COARSE_CELL = 24;
/**
 * Two photos are the same picture when all three hold on the fine grid, in levels of 0..255. Chosen on re-encoded and
 * stretched copies of catalogue photos: they are the tightest round numbers that keep 99 % of the copies, and they
 * tell apart two colours of one product, two prints on one case, two lengths of one cable.
 */
const SAME: FineDifference = { mean: 2.5, block: 14, shift: 6 };
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

/** Whether two kept grids may be one picture: cheap, and true for many that are not. */
export function maybeSamePicture(a: Uint8Array, b: Uint8Array): boolean {
  let sum = 0;
  for (let at = 0; at < KEPT_BYTES; at++) {
    const difference = Math.abs(a[at]! - b[at]!);
    if (difference > COARSE_CELL) return false;
    sum += difference;
  }
  return sum < COARSE_MEAN * KEPT_BYTES;
}

/** How two fine grids differ, in levels of 0..255. */
export interface FineDifference {
  /** Mean absolute difference. */
  mean: number;
  /** The same of the worst block. */
  block: number;
  /** The largest shift of a block's mean colour, in any channel. */
  shift: number;
}

/**
 * Whether two photos are one picture, in colour, at any of nine alignments half a pixel apart: resizers disagree by so
 * much about where a pixel's centre is, and a sharp edge would show it.
 * @param a, b `FINE_GRID` × `FINE_GRID` × 3 mean colours.
 */
export function isSamePicture(a: Uint8Array, b: Uint8Array): boolean {
  // Moving a grid blurs it: which of the two is moved must not depend on which comes first.
  return isMoved(a, b) || isMoved(b, a);
}

/** Whether a fine grid, moved by up to half a pixel, is another. */
function isMoved(a: Uint8Array, b: Uint8Array): boolean {
  const moves = [0, -HALF_PIXEL, HALF_PIXEL];
  const whole = Float32Array.from(a);
  return moves.some((dx) => {
    const across = moved(whole, dx, FINE_ROW, 3);
    return moves.some((dy) => {
      const down = moved(across, dy, whole.length, FINE_ROW);
      return isWithin(fineDifference(down, b, SAME), SAME);
    });
  });
}

/**
 * A fine grid moved by a part of a cell, its border repeated.
 * @param line values that follow each other along the axis: a row, or all.
 * @param step values from one cell to the next.
 */
function moved(grid: Float32Array, by: number, line: number, step: number): Float32Array {
  if (by === 0) return grid;
  const out = new Float32Array(grid.length);
  const share = Math.abs(by);
  const other = step * Math.sign(by);
  for (let start = 0; start < grid.length; start += line) {
    const end = start + line;
    for (let at = start; at < end; at++) {
      const beside = at + other;
      const from = beside < start || beside >= end ? at : beside;
      out[at] = (1 - share) * grid[at]! + share * grid[from]!;
    }
  }
  return out;
}

/**
 * Of two fine grids.
 * @param enough what is not looked beyond: once a block differs by more, the rest is not.
 */
export function fineDifference(a: Float32Array, b: Uint8Array, enough: FineDifference): FineDifference {
  const cells = FINE_BLOCK * FINE_BLOCK;
  let total = 0;
  let block = 0;
  let shift = 0;
  for (let top = 0; top < FINE_GRID; top += FINE_BLOCK) {
    for (let left = 0; left < FINE_GRID; left += FINE_BLOCK) {
      const start = FINE_ROW * top + 3 * left;
      let absolute = 0;
      for (let channel = 0; channel < 3; channel++) {
        let signed = 0;
        for (let y = 0; y < FINE_BLOCK; y++) {
          for (let x = 0; x < FINE_BLOCK; x++) {
            const at = start + y * FINE_ROW + 3 * x + channel;
            const difference = a[at]! - b[at]!;
            signed += difference;
            absolute += Math.abs(difference);
          }
        }
        shift = Math.max(shift, Math.abs(signed) / cells);
      }
      total += absolute;
      block = Math.max(block, absolute / (3 * cells));
      if (block >= enough.block || shift >= enough.shift) return { mean: total / a.length, block, shift };
    }
  }
  return { mean: total / a.length, block, shift };
}

/** Whether all of a difference is below the limits. */
export function isWithin({ mean, block, shift }: FineDifference, limits: FineDifference): boolean {
  return mean < limits.mean && block < limits.block && shift < limits.shift;
}

/** Whether two kept grids are nearly one picture in grey: crops, colour variants of one shot. */
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
    // Most candidates are another picture, which soon shows.
    if (difference >= FAMILY_MEAN * pixels) return false;
  }
  const covariance = product - (sumA * sumB) / pixels;
  const variance = (squareA - sumA ** 2 / pixels) * (squareB - sumB ** 2 / pixels);
  return covariance > FAMILY_CORRELATION * Math.sqrt(variance);
}
