import { numberSet } from './counts.js';
import { HASHES } from './hash.js';

/** How many different ones there were. */
export interface Distinct {
  count: number;
  /** Whether it is an estimate, with a standard error of about 1 / √`KEPT` (0.3 %). */
  approximate: boolean;
}

/** Up to twice so many different hashes the count is exact. */
export const KEPT = 2 ** 17;

/**
 * Counts different hashes in bounded memory: keeps the `kept` smallest, and estimates from the largest of them once there
 * were more (k minimum values; Beyer, Haas, Reinwald, Sismanis and Gemulla 2007, *On Synopses for Distinct-Value
 * Estimation Under Multiset Operations*, the unbiased estimator (k − 1) / U). The order of arrival changes nothing.
 * @param kept at least 2; up to twice as many are held.
 */
export function distinctCounter(kept = KEPT): { add(hash: number): void; result(): Distinct } {
  let smallest = numberSet();
  let limit = Number.POSITIVE_INFINITY;
  const cut = () => {
    const sorted = Float64Array.from(smallest.keys()).sort().subarray(0, kept);
    smallest = numberSet();
    for (const hash of sorted) smallest.add(hash);
    limit = sorted[kept - 1]!;
  };
  return {
    add(hash) {
      if (hash > limit) return;
      smallest.add(hash);
      if (smallest.size >= 2 * kept) cut();
    },
    result() {
      if (smallest.size > kept) cut();
      if (limit === Number.POSITIVE_INFINITY) return { count: smallest.size, approximate: false };
      return { count: Math.round(((kept - 1) * HASHES) / (limit + 1)), approximate: true };
    },
  };
}
