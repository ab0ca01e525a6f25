import type { ImageRow } from '../sources/source.js';
import { countsByNumber } from './counts.js';
import { hashText } from './hash.js';

/** Where values lie, in pixels. */
export interface Spread {
  least: number;
  /** Below which 5, 50 and 95 % lie (nearest rank). */
  p5: number;
  median: number;
  p95: number;
  most: number;
}

export interface Bin {
  name: string;
  photos: number;
}

/** What the image table says. */
export interface ImageTableProfile {
  /** Different image ids. */
  images: number;
  /** Rows for an id that an earlier row has. */
  repeatedIds: number;
  /** Images whose path an earlier one has: the same file. */
  repeatedPaths: number;
  /** Images that no listing names. */
  orphans: number;
  /** Images without a size. */
  sizeUnknown: number;
  /** Absent where no size is known. */
  width?: Spread;
  height?: Spread;
  /** By width / height. */
  aspects: Bin[];
  /** By the longer side. */
  sides: Bin[];
}

/** Upper bounds of width / height; within 2 % of 1 is square. */
const ASPECTS: readonly (readonly [string, number])[] = [
  ['narrower than 1:2', 0.5],
  ['1:2 to 3:4', 0.75],
  ['3:4 to square', 0.98],
  ['square', 1.02],
  ['square to 4:3', 4 / 3],
  ['4:3 to 2:1', 2],
  ['wider than 2:1', Number.POSITIVE_INFINITY],
];
/** Upper bounds of the longer side in pixels. */
const SIDE_BOUNDS = [256, 500, 1000, 1500, 2000, 3000];
const SIDES: readonly (readonly [string, number])[] = [
  ...SIDE_BOUNDS.map(
    (bound, at) =>
      [at === 0 ? `up to ${bound} px` : `${SIDE_BOUNDS[at - 1]! + 1} to ${bound} px`, bound] as const,
  ),
  [`over ${SIDE_BOUNDS.at(-1)} px`, Number.POSITIVE_INFINITY],
];

/** Counts the table's rows as they pass by; of several rows for one id the first counts, as in `join`. */
export function imageTableProfile(): {
  /** Gives whether the id is new. */
  observe(row: ImageRow): boolean;
  has(imageId: string): boolean;
  /** @param named how many of its images some listing names. */
  result(named: number): ImageTableProfile;
} {
  const ids = countsByNumber();
  const paths = countsByNumber();
  const widths = new Map<number, number>();
  const heights = new Map<number, number>();
  const aspects = ASPECTS.map(([name]) => ({ name, photos: 0 }));
  const sides = SIDES.map(([name]) => ({ name, photos: 0 }));
  const counts = { repeatedIds: 0, repeatedPaths: 0, sizeUnknown: 0 };
  return {
    has: (imageId) => ids.get(hashText(imageId)) > 0,
    observe({ imageId, path, width, height }) {
      if (ids.add(hashText(imageId), 1) > 1) {
        counts.repeatedIds += 1;
        return false;
      }
      if (paths.add(hashText(path), 1) > 1) counts.repeatedPaths += 1;
      if (width === 0 || height === 0) {
        counts.sizeUnknown += 1;
        return true;
      }
      widths.set(width, (widths.get(width) ?? 0) + 1);
      heights.set(height, (heights.get(height) ?? 0) + 1);
      aspects[ASPECTS.findIndex(([, bound]) => width / height <= bound)]!.photos += 1;
      sides[SIDES.findIndex(([, bound]) => Math.max(width, height) <= bound)]!.photos += 1;
      return true;
    },
    result(named) {
      const width = spreadOf(widths);
      const height = spreadOf(heights);
      return {
        images: ids.size,
        orphans: ids.size - named,
        ...counts,
        ...(width && { width }),
        ...(height && { height }),
        aspects,
        sides,
      };
    },
  };
}

/** @param counts how often each value comes. */
export function spreadOf(counts: ReadonlyMap<number, number>): Spread | undefined {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  if (sorted.length === 0) return undefined;
  const total = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share: number) => {
    let rank = Math.ceil(share * total);
    const found = sorted.find(([, times]) => {
      rank -= times;
      return rank <= 0;
    });
    return found![0];
  };
  return { least: sorted[0]![0], p5: at(0.05), median: at(0.5), p95: at(0.95), most: sorted.at(-1)![0] };
}
