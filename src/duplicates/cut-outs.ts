import { hashIndex } from '../kernels/hash-index.js';
import type { Landmark } from '../kernels/landmarks.js';
import { HASH_GRID, luma } from '../kernels/perceptual-hash.js';
import type { Fingerprint, Part } from '../kernels/pixel-pool.js';

/** A photo that may be a part of another. */
export interface CutOut {
  /** The photo that may be cut out, and the one that it may be cut out of. */
  inner: number;
  outer: number;
  part: Part;
}

/** Hashes around one place of a photo and of its cut-out differ in at most so many bits of 64. */
const NEAR_BITS = 6;
/** A cut-out of fewer pixels a side shows too little to be known by. */
const LEAST_SIDE = 0.3;
/** It may seem to reach so much over the border, in its own sides: where it lies is known so well. */
const OVER_THE_BORDER = 0.06;
/** Small grey grids of a cut-out and of the part of the other correlate at least so much. */
const LEAST_CORRELATION = 0.85;
/** Samples a side that they are compared by: each the mean of four cells of the inner one. */
const SAMPLES = HASH_GRID / 2;

/**
 * Finds photos that may be parts of others as their fingerprints come in. A landmark that two photos share says by itself
 * where one lies in the other, and how large: what does not lie inside, or does not look alike there, is dropped. Keeps
 * about 3 KB a photo.
 */
export function cutOuts() {
  const index = hashIndex(NEAR_BITS);
  const owners: number[] = [];
  const places: number[] = [];
  const photos: { member: number; width: number; height: number; grey: Uint8Array }[] = [];
  const found: CutOut[] = [];
  return {
    found,
    add(member: number, { grid, landmarks }: Pick<Fingerprint, 'grid' | 'landmarks'>) {
      if (landmarks === undefined) throw new Error('Expected landmarks');
      const { width, height, marks } = landmarks;
      const own = photos.push({ member, width, height, grey: greyOf(grid) }) - 1;
      const best = new Map<number, { likeness: number; cut: CutOut }>();
      const consider = (inner: number, outer: number, [there, here]: [Place, Place]) => {
        const part = partOf(photos[inner]!, photos[outer]!, there, here);
        if (part === undefined) return;
        const likeness = correlation(photos[inner]!.grey, photos[outer]!.grey, part);
        const other = inner === own ? outer : inner;
        if (likeness < Math.max(LEAST_CORRELATION, best.get(other)?.likeness ?? 0)) return;
        best.set(other, {
          likeness,
          cut: { inner: photos[inner]!.member, outer: photos[outer]!.member, part },
        });
      };
      for (const mark of marks) {
        index.add(mark.hash, (at) => {
          const other = owners[at]!;
          if (other === own) return;
          const theirs = { x: places[3 * at]!, y: places[3 * at + 1]!, scale: places[3 * at + 2]! };
          if (theirs.scale < mark.scale) consider(own, other, [mark, theirs]);
          else consider(other, own, [theirs, mark]);
        });
        owners.push(own);
        places.push(mark.x, mark.y, mark.scale);
      }
      for (const { cut } of best.values()) found.push(cut);
    },
  };
}

type Place = Pick<Landmark, 'x' | 'y' | 'scale'>;

/** Where the inner photo lies in the outer one if they show one place, in shares of the outer one's sides. */
function partOf(
  inner: { width: number; height: number },
  outer: { width: number; height: number },
  there: Place,
  here: Place,
): Part | undefined {
  const size = here.scale / there.scale;
  const width = (size * inner.width) / outer.width;
  const height = (size * inner.height) / outer.height;
  if (Math.max(width, height) < LEAST_SIDE) return undefined;
  const left = (here.x - size * there.x) / outer.width;
  const top = (here.y - size * there.y) / outer.height;
  const fits = (from: number, length: number) =>
    from >= -OVER_THE_BORDER * length && from + length <= 1 + OVER_THE_BORDER * length;
  return fits(left, width) && fits(top, height) ? { left, top, width, height } : undefined;
}

function greyOf(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: HASH_GRID * HASH_GRID }, (_, pixel) => luma(rgb, pixel));
}

const columns = new Int32Array(SAMPLES);
const rights = new Float64Array(SAMPLES);

/** Of the inner photo with a part of the outer one. */
function correlation(inner: Uint8Array, outer: Uint8Array, { left, top, width, height }: Part): number {
  for (let column = 0; column < SAMPLES; column++) {
    const x = placeOf(left + ((column + 0.5) / SAMPLES) * width);
    columns[column] = Math.floor(x);
    rights[column] = x - Math.floor(x);
  }
  let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0];
  for (let row = 0; row < SAMPLES; row++) {
    const y = placeOf(top + ((row + 0.5) / SAMPLES) * height);
    const above = Math.floor(y) * HASH_GRID;
    const down = y - Math.floor(y);
    for (let column = 0; column < SAMPLES; column++) {
      const own = 2 * (row * HASH_GRID + column);
      const a = (inner[own]! + inner[own + 1]! + inner[own + HASH_GRID]! + inner[own + HASH_GRID + 1]!) / 4;
      const at = above + columns[column]!;
      const right = rights[column]!;
      const upper = (1 - right) * outer[at]! + right * outer[at + 1]!;
      const lower = (1 - right) * outer[at + HASH_GRID]! + right * outer[at + HASH_GRID + 1]!;
      const b = (1 - down) * upper + down * lower;
      sumA += a;
      sumB += b;
      squareA += a * a;
      squareB += b * b;
      product += a * b;
    }
  }
  const count = SAMPLES * SAMPLES;
  const variance = (squareA - sumA ** 2 / count) * (squareB - sumB ** 2 / count);
  return variance <= 0 ? 0 : (product - (sumA * sumB) / count) / Math.sqrt(variance);
}

/** Where a share of a side lies among the grid's cells, with a neighbour behind it. */
function placeOf(share: number): number {
  return Math.min(Math.max(share * HASH_GRID - 0.5, 0), HASH_GRID - 1.001);
}
