import { FINE_GRID, KEPT_GRID } from './likeness.js';
import { frequencyHash, HASH_GRID } from './perceptual-hash.js';

/** An edge of so many levels counts half of what the strongest does: how strong an edge is depends on its colours. */
const HALF_STRENGTH = 40;
/** Blocks a side in which contours are also judged by themselves. */
const BLOCKS = 8;
/** A block with a smaller share of all contours is not judged by itself. */
const LEAST_SHARE = 0.015;
/**
 * Two photos show one shape when their contours agree by this much, and those of each block by this. Chosen on photos that
 * were given other hues and tones: nearly all of them pass; other prints on one case, and other shoes of one kind, do not.
 */
const LEAST_AGREEMENT = 0.8;
const LEAST_BLOCK_AGREEMENT = 0.4;
/** The same over small grids, which blur: what is below cannot pass on the fine ones. */
const LEAST_COARSE_AGREEMENT = 0.7;
/** Contours of fewer cells say nothing: the edge of a cloth, the fold of a sheet. */
const LEAST_CELLS = 16;

const strengths = new Float64Array(HASH_GRID * HASH_GRID);

/**
 * A 64-bit hash of where a photo's contours run, whatever its colours: `frequencyHash` of the edges' strengths.
 * @param rgb 32 × 32 × 3 mean colours.
 * @returns 16 hex digits.
 */
export function contourHash(rgb: Uint8Array): string {
  eachGradient(rgb, HASH_GRID, (cell, xx, yy) => {
    strengths[cell] = saturated(Math.sqrt(xx + yy));
  });
  return frequencyHash(strengths, HASH_GRID);
}

/**
 * Whether two photos show one shape in one place, in whatever colours.
 * @param a, b `FINE_GRID` × `FINE_GRID` × 3 mean colours.
 */
export function haveSameShape(a: Uint8Array, b: Uint8Array): boolean {
  const { whole, worst, cells } = shapeAgreement(a, b);
  return cells >= LEAST_CELLS && whole >= LEAST_AGREEMENT && worst >= LEAST_BLOCK_AGREEMENT;
}

/** How far the contours of two fine grids agree. */
export function shapeAgreement(a: Uint8Array, b: Uint8Array): Agreement {
  return agreement(contours(a, FINE_GRID), contours(b, FINE_GRID), FINE_GRID);
}

/** Whether two kept grids may show one shape: cheap, and true for many that do not. */
export function maybeSameShape(a: Uint8Array, b: Uint8Array): boolean {
  const { whole } = agreement(contours(a, KEPT_GRID), contours(b, KEPT_GRID), KEPT_GRID);
  return whole >= LEAST_COARSE_AGREEMENT;
}

/**
 * For each cell the direction of its contour as a vector of twice the angle, so that light beside dark is the same as dark
 * beside light, as long as the contour is strong: from the structure tensor over the three channels (Di Zenzo 1986).
 */
function contours(rgb: Uint8Array, side: number): Float32Array {
  const field = new Float32Array(2 * side * side);
  eachGradient(rgb, side, (cell, xx, yy, xy) => {
    const power = xx + yy;
    if (power === 0) return;
    const weight = saturated(Math.sqrt(power)) / power;
    field[2 * cell] = weight * (xx - yy);
    field[2 * cell + 1] = weight * 2 * xy;
  });
  return field;
}

/** Calls with each cell's products of differences across two cells, summed over the channels. */
function eachGradient(
  rgb: Uint8Array,
  side: number,
  call: (cell: number, xx: number, yy: number, xy: number) => void,
): void {
  for (let y = 0; y < side; y++) {
    const above = Math.max(y - 1, 0) * side;
    const below = Math.min(y + 1, side - 1) * side;
    for (let x = 0; x < side; x++) {
      const left = 3 * (y * side + Math.max(x - 1, 0));
      const right = 3 * (y * side + Math.min(x + 1, side - 1));
      let [xx, yy, xy] = [0, 0, 0];
      for (let channel = 0; channel < 3; channel++) {
        const dx = rgb[right + channel]! - rgb[left + channel]!;
        const dy = rgb[3 * (below + x) + channel]! - rgb[3 * (above + x) + channel]!;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
      }
      call(y * side + x, xx, yy, xy);
    }
  }
}

function saturated(strength: number): number {
  return strength / (strength + HALF_STRENGTH);
}

interface Agreement {
  /** 1 where all contours are the same, about 0 where they are unrelated. */
  whole: number;
  /** The same of the worst block that has some. */
  worst: number;
  /** How many cells have contours, weak ones counted by their strength; the mean of both photos. */
  cells: number;
}

function agreement(a: Float32Array, b: Float32Array, side: number): Agreement {
  const shared = new Float64Array(BLOCKS * BLOCKS);
  const power = new Float64Array(BLOCKS * BLOCKS);
  const size = side / BLOCKS;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const block = Math.floor(y / size) * BLOCKS + Math.floor(x / size);
      const at = 2 * (y * side + x);
      shared[block]! += 2 * (a[at]! * b[at]! + a[at + 1]! * b[at + 1]!);
      power[block]! += a[at]! ** 2 + a[at + 1]! ** 2 + b[at]! ** 2 + b[at + 1]! ** 2;
    }
  }
  const all = power.reduce((sum, one) => sum + one, 0);
  if (all === 0) return { whole: 0, worst: 0, cells: 0 };
  const judged = power.map((one, block) => (one > LEAST_SHARE * all ? shared[block]! / one : 1));
  return {
    whole: shared.reduce((sum, one) => sum + one, 0) / all,
    worst: Math.min(...judged),
    cells: all / 2,
  };
}
