import { HASH_GRID, luma } from './perceptual-hash.js';

/**
 * Photos are stretched to this many pixels a side before they are compared: cells cut straight from photos of
 * different sizes would not show the same part of the picture.
 */
export const COMPARED_SIDE = 256;
/** The side of the colour grid that is kept of every photo. */
export const KEPT_GRID = 16;
export const KEPT_BYTES = KEPT_GRID * KEPT_GRID * 3;
/** The side of the colour grid that two photos are confirmed with, and of the blocks that it is judged by. */
export const FINE_GRID = 64;
const FINE_BLOCK = 4;
/** Half a pixel of the compared photo, in cells of the fine grid. */
const HALF_PIXEL = (0.5 * FINE_GRID) / COMPARED_SIDE;

/** Two photos whose kept grids differ by more than this, in levels of 0..255, are not looked at again. */
const COARSE_MEAN = 3;
const COARSE_CELL = 24;
/**
 * Two photos are the same picture when all three hold on the fine grid, in levels of 0..255. Chosen on re-encoded and
 * stretched copies of catalogue photos: they are the tightest round numbers that keep 99 % of the copies, and they
 * tell apart two colours of one product, two prints on one case, two lengths of one cable.
 */
const FINE_MEAN = 2.5;
const FINE_BLOCK_MEAN = 14;
const FINE_BLOCK_SHIFT = 6;
/** Two photos are of one family when their grey grids correlate above this and differ by less on average. */
const FAMILY_CORRELATION = 0.985;
const FAMILY_MEAN = 8;

/**
 * The mean colour of each cell of a grid over a photo.
 * @param rgb `COMPARED_SIDE` × `COMPARED_SIDE` × 3.
 * @param cells a side, a divisor of `COMPARED_SIDE`.
 * @returns cells × cells × 3, rounded.
 */
export function meanColours(rgb: Uint8Array, cells: number): Uint8Array {
  const side = COMPARED_SIDE / cells;
  const grid = new Uint8Array(cells * cells * 3);
  const sums = new Uint32Array(cells * 3);
  const pixels = side * side;
  for (let row = 0; row < cells; row++) {
    sums.fill(0);
    let at = row * side * COMPARED_SIDE * 3;
    for (let y = 0; y < side; y++) {
      for (let cell = 0; cell < sums.length; cell += 3) {
        for (let x = 0; x < side; x++) {
          sums[cell]! += rgb[at]!;
          sums[cell + 1]! += rgb[at + 1]!;
          sums[cell + 2]! += rgb[at + 2]!;
          at += 3;
        }
      }
    }
    for (const [cell, sum] of sums.entries()) grid[row * sums.length + cell] = (sum + pixels / 2) / pixels;
  }
  return grid;
}

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
 * Compares two fine grids at the best of nine alignments, half a pixel apart: resizers disagree by so much about where
 * a pixel's centre is, and a sharp edge would show it.
 * @param a, b `FINE_GRID` × `FINE_GRID` × 3 mean colours.
 */
export function fineDifference(a: Uint8Array, b: Uint8Array): FineDifference {
  const moves = [0, -HALF_PIXEL, HALF_PIXEL];
  const differences = moves.flatMap((dx) => moves.map((dy) => differenceOf(moved(a, dx, dy), b)));
  return differences.reduce((best, one) => (one.shift < best.shift ? one : best));
}

/** A fine grid moved by parts of a cell, its border repeated. */
function moved(grid: Uint8Array, dx: number, dy: number): Float32Array {
  const out = new Float32Array(grid.length);
  const inside = (at: number) => Math.min(FINE_GRID - 1, Math.max(0, at));
  const [shareX, shareY] = [Math.abs(dx), Math.abs(dy)];
  for (let y = 0; y < FINE_GRID; y++) {
    const row = y * FINE_GRID;
    const otherRow = inside(y + Math.sign(dy)) * FINE_GRID;
    for (let x = 0; x < FINE_GRID; x++) {
      const other = inside(x + Math.sign(dx));
      for (let channel = 0; channel < 3; channel++) {
        const at = (cell: number) => grid[3 * cell + channel]!;
        const near = (1 - shareX) * at(row + x) + shareX * at(row + other);
        const far = (1 - shareX) * at(otherRow + x) + shareX * at(otherRow + other);
        out[3 * (row + x) + channel] = (1 - shareY) * near + shareY * far;
      }
    }
  }
  return out;
}

function differenceOf(a: Float32Array, b: Uint8Array): FineDifference {
  const blocks = FINE_GRID / FINE_BLOCK;
  const cells = FINE_BLOCK * FINE_BLOCK;
  let total = 0;
  let block = 0;
  let shift = 0;
  for (let by = 0; by < blocks; by++) {
    for (let bx = 0; bx < blocks; bx++) {
      let absolute = 0;
      for (let channel = 0; channel < 3; channel++) {
        let signed = 0;
        for (let cell = 0; cell < cells; cell++) {
          const y = by * FINE_BLOCK + Math.floor(cell / FINE_BLOCK);
          const at = 3 * (y * FINE_GRID + bx * FINE_BLOCK + (cell % FINE_BLOCK)) + channel;
          const difference = a[at]! - b[at]!;
          signed += difference;
          absolute += Math.abs(difference);
        }
        shift = Math.max(shift, Math.abs(signed) / cells);
      }
      total += absolute;
      block = Math.max(block, absolute / (3 * cells));
    }
  }
  return { mean: total / a.length, block, shift };
}

/** Whether two photos are one picture, in colour. */
export function isSamePicture({ mean, block, shift }: FineDifference): boolean {
  return mean < FINE_MEAN && block < FINE_BLOCK_MEAN && shift < FINE_BLOCK_SHIFT;
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
  }
  if (difference >= FAMILY_MEAN * pixels) return false;
  const covariance = product - (sumA * sumB) / pixels;
  const variance = (squareA - sumA ** 2 / pixels) * (squareB - sumB ** 2 / pixels);
  return covariance > FAMILY_CORRELATION * Math.sqrt(variance);
}
