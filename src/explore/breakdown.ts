import { ranked, type ValueCount } from './key-profile.js';

/** Listings by the values of one key, and how long its tail is. */
export interface Breakdown {
  name: string;
  classes: number;
  /** Listings that have a value. */
  listings: number;
  /** The largest classes. */
  top: ValueCount[];
  /** Classes of a single listing. */
  singles: number;
  /** How many of the largest classes hold half, nine tenths and 99 % of the listings. */
  classesFor: { half: number; nineTenths: number; nearlyAll: number };
}

/** @param most how many classes are listed. */
export function breakdown(
  name: string,
  counts: Iterable<readonly [string, number]>,
  most: number,
): Breakdown {
  const sorted = ranked(counts);
  const listings = sorted.reduce((sum, [, times]) => sum + times, 0);
  const holding = (percent: number) => {
    let held = 0;
    // In whole numbers, so that no rounding takes one class more.
    const last = sorted.findIndex(([, times]) => {
      held += times;
      return 100 * held >= percent * listings;
    });
    return last + 1;
  };
  return {
    name,
    classes: sorted.length,
    listings,
    top: sorted.slice(0, most).map(([value, times]) => ({ value, listings: times })),
    singles: sorted.filter(([, times]) => times === 1).length,
    classesFor: { half: holding(50), nineTenths: holding(90), nearlyAll: holding(99) },
  };
}
