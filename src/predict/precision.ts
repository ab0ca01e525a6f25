import { lowerBound } from './binomial.js';

/** A held-out photo's confidence in the class that was predicted, whether that was right, and whose photo it is. */
export interface Outcome {
  /** The predicted class's calibrated probability, 0..1. */
  confidence: number;
  right: boolean;
  component: string;
}

/** From which confidence on predictions are as often right as is wanted. */
export interface Threshold {
  /** Predictions of at least this confidence are given. */
  confidence: number;
  /** What the outcomes say of those: the share that is given, the share of these that is right … */
  given: number;
  precision: number;
  /** … and what that share is at least, by the bound below. */
  atLeast: number;
}

/** How sure it is that precision is as high as wanted. */
const SURE = 0.95;

/**
 * The lowest confidence from which on predictions are right in at least a wanted share of cases, with 95 % certainty: by the
 * Clopper–Pearson bound of those outcomes. Photos of one component are often right or wrong together: n of them, in
 * components of mᵢ, count as (Σ mᵢ)² / Σ mᵢ² trials, as if each component were one outcome (Kish 1965).
 * @param precision 0..1
 * @returns undefined where no confidence is high enough, or the outcomes are too few to tell.
 */
export function thresholdFor(outcomes: readonly Outcome[], precision: number): Threshold | undefined {
  const ascending = [...outcomes].sort((a, b) => a.confidence - b.confidence);
  const sizes = new Map<string, number>();
  for (const { component } of ascending) sizes.set(component, (sizes.get(component) ?? 0) + 1);
  let squares = [...sizes.values()].reduce((sum, size) => sum + size ** 2, 0);
  let hits = ascending.filter(({ right }) => right).length;
  // The most photos first: what passes then gives the most predictions.
  for (const [index, { confidence, right, component }] of ascending.entries()) {
    const left = ascending.length - index;
    if (ascending[index - 1]?.confidence !== confidence) {
      const share = hits / left;
      const trials = left ** 2 / squares;
      const atLeast = share < precision ? 0 : lowerBound(share * trials, trials, SURE);
      if (atLeast >= precision)
        return { confidence, given: left / ascending.length, precision: share, atLeast };
    }
    const size = sizes.get(component)!;
    sizes.set(component, size - 1);
    squares -= size ** 2 - (size - 1) ** 2;
    if (right) hits -= 1;
  }
  return undefined;
}
