import { randomSource } from '../random.js';
import { macroF1Of } from './metrics.js';

export interface IntervalOptions {
  /** Of the draws, which also depend on the components' names, not on the order of the samples. */
  seed: number;
  /** Bootstrap repetitions. */
  repetitions?: number;
  /** Confidence, in 0..1. */
  level?: number;
}

/** What one component adds to sums: index and amount, pairwise. */
type Amounts = Map<number, number>;

/**
 * Confidence interval by the percentile bootstrap over components (Efron & Tibshirani 1993, ch. 13): photos of one
 * component stand or fall together, so components are drawn, not photos.
 * @param components names each sample's component.
 * @param amounts what a sample adds to which of `length` sums.
 * @param statistic of the sums over a drawn set of components.
 * @returns [0, 0] where there are no samples.
 */
function bootstrapInterval(
  components: readonly string[],
  { length, amounts }: { length: number; amounts(row: number): readonly (readonly [number, number])[] },
  statistic: (sums: Float64Array) => number,
  { seed, repetitions = 2000, level = 0.95 }: IntervalOptions,
): [number, number] {
  const byName = new Map<string, Amounts>();
  for (const [row, name] of components.entries()) {
    const own = byName.get(name) ?? new Map<number, number>();
    for (const [at, amount] of amounts(row)) own.set(at, (own.get(at) ?? 0) + amount);
    byName.set(name, own);
  }
  const all = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => [...own]);
  if (all.length === 0) return [0, 0];
  const random = randomSource(seed, 'bootstrap');
  const sums = new Float64Array(length);
  const values = Float64Array.from({ length: repetitions }, (_, repetition) => {
    sums.fill(0);
    for (let draw = 0; draw < all.length; draw++) {
      for (const [at, amount] of all[random.integer(all.length, repetition, draw)]!) sums[at]! += amount;
    }
    return statistic(sums);
  }).sort();
  return [quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)];
}

/**
 * Of an accuracy.
 * @param correct whether each sample was right.
 */
export function accuracyInterval(
  correct: readonly boolean[],
  components: readonly string[],
  options: IntervalOptions,
): [number, number] {
  return meanInterval(correct.map(Number), components, options);
}

/**
 * Of a mean over samples, such as the difference between two models on each: paired, as both saw the same photos.
 * @param values one a sample.
 */
export function meanInterval(
  values: readonly number[],
  components: readonly string[],
  options: IntervalOptions,
): [number, number] {
  const amounts = (row: number) => [[0, 1] as const, [1, values[row]!] as const];
  return bootstrapInterval(components, { length: 2, amounts }, ([size, sum]) => sum! / size!, options);
}

/**
 * Of a macro-F1.
 * @param labels true classes, 0..classes − 1, and `predicted` ones, one a sample.
 */
export function macroF1Interval(
  {
    labels,
    predicted,
    classes,
  }: { labels: ArrayLike<number>; predicted: ArrayLike<number>; classes: number },
  components: readonly string[],
  options: IntervalOptions,
): [number, number] {
  // Hits, samples and predictions of each class.
  const amounts = (row: number) => {
    const [label, guess] = [labels[row]!, predicted[row]!];
    const counted = [[classes + label, 1] as const, [2 * classes + guess, 1] as const];
    return label === guess ? [...counted, [label, 1] as const] : counted;
  };
  const statistic = (sums: Float64Array) =>
    macroF1Of(sums.subarray(0, classes), sums.subarray(classes, 2 * classes), sums.subarray(2 * classes));
  return bootstrapInterval(components, { length: 3 * classes, amounts }, statistic, options);
}

/** The q-quantile of sorted numbers, linear between neighbours. */
function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (position - below) * ((sorted[below + 1] ?? low) - low);
}
