import { shapeAgreement } from './contours.js';
import { FINE_GRID, type FineDifference, fineDifference, isWithin } from './likeness.js';
import { HASH_GRID } from './perceptual-hash.js';
import type { Part } from './pixel-pool.js';
import type { PixelKernels, Rectangle, Size } from './resize.js';

const COMPARED = { width: FINE_GRID, height: FINE_GRID };
const SOUGHT = { width: HASH_GRID, height: HASH_GRID };
/** Steps in which the part is moved and scaled until nothing gets better, in shares of its sides. */
const STEPS = [0.04, 0.02, 0.01, 0.005];
/** Rounds of one step; it seldom needs more than three. */
const MOST_ROUNDS = 8;
/** What the part may differ by on the smaller grid after the first step, in levels: a part that fits starts out near. */
const MOST_AT_FIRST = 20;
/**
 * What the part that was found may differ by, in levels, and how far its contours agree: where it was cut is known to a
 * pixel at best, which a sharp edge shows. Chosen on cut-outs of catalogue photos; other photos of one kind of product
 * differ in the one or the other.
 */
const LIMITS: FineDifference = { mean: 6, block: Number.POSITIVE_INFINITY, shift: 40 };
const LEAST_AGREEMENT = 0.75;

/** What is compared of a photo that may be cut out of another. */
export interface InnerGrids {
  /** 32 × 32 and 64 × 64 mean colours. */
  sought: Uint8Array;
  compared: Uint8Array;
}

/** Of the photo in the kernels' room. */
export function innerGrids(kernels: PixelKernels, size: Size): InnerGrids {
  return { sought: kernels.area(size, SOUGHT), compared: kernels.area(size, COMPARED) };
}

/**
 * Whether the photo in the kernels' room has another as a part of it, in colour.
 * @param near about where.
 */
export function isCutOut(kernels: PixelKernels, outer: Size, inner: InnerGrids, near: Part): boolean {
  const distance = (part: Part) => {
    const grid = kernels.area(outer, SOUGHT, pixelsOf(part, outer));
    let sum = 0;
    for (let at = 0; at < grid.length; at++) sum += Math.abs(grid[at]! - inner.sought[at]!);
    return sum;
  };
  let best = { part: near, sum: distance(near) };
  for (const step of STEPS) {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const tried = moves(best.part, step).map((part) => ({ part, sum: distance(part) }));
      const next = tried.reduce((a, b) => (b.sum < a.sum ? b : a));
      if (next.sum >= best.sum) break;
      best = next;
    }
    if (best.sum > MOST_AT_FIRST * inner.sought.length) return false;
  }
  const found = kernels.area(outer, COMPARED, pixelsOf(best.part, outer));
  return (
    isWithin(fineDifference(Float32Array.from(found), inner.compared, LIMITS), LIMITS) &&
    shapeAgreement(found, inner.compared).whole >= LEAST_AGREEMENT
  );
}

/** A part moved along each axis, and larger or smaller about its middle: as a whole, since a cut-out keeps its shape. */
function moves({ left, top, width, height }: Part, step: number): Part[] {
  const [x, y] = [step * width, step * height];
  return [-1, 1].flatMap((sign) => [
    { left: left + sign * x, top, width, height },
    { left, top: top + sign * y, width, height },
    {
      left: left - (sign * x) / 2,
      top: top - (sign * y) / 2,
      width: width + sign * x,
      height: height + sign * y,
    },
  ]);
}

/** The whole pixels of a part that lie in the photo; at least one. */
function pixelsOf({ left, top, width, height }: Part, photo: Size): Rectangle {
  const span = (from: number, length: number, size: number) => {
    const start = Math.min(Math.max(Math.round(from * size), 0), size - 1);
    return [start, Math.max(Math.min(Math.round((from + length) * size), size) - start, 1)] as const;
  };
  const [x, across] = span(left, width, photo.width);
  const [y, down] = span(top, height, photo.height);
  return { left: x, top: y, width: across, height: down };
}
