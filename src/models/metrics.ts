import { randomSource } from '../random.js';
import type { ClassMetrics } from '../results.js';

/** What a classifier said about samples whose classes are known. */
export interface Predictions {
  /** Number of classes, k ≥ 1. */
  classes: number;
  /** True classes, 0..k−1, one a sample. */
  labels: ArrayLike<number>;
  /** [samples × k], row-major; rows sum to 1. */
  probabilities: ArrayLike<number>;
}

/** The most probable class of each sample; of equal ones the first. */
export function predictedClasses({ classes, labels, probabilities }: Predictions): Int32Array {
  return Int32Array.from({ length: labels.length }, (_, row) => {
    let best = 0;
    for (let k = 1; k < classes; k++) {
      if (probabilities[row * classes + k]! > probabilities[row * classes + best]!) best = k;
    }
    return best;
  });
}

/** The `count` most probable classes of one sample, best first; equal ones in the classes' order. */
export function topClasses(predictions: Predictions, row: number, count: number): number[] {
  const { classes, probabilities } = predictions;
  const at = (k: number) => probabilities[row * classes + k]!;
  return Array.from({ length: classes }, (_, k) => k)
    .sort((a, b) => at(b) - at(a) || a - b)
    .slice(0, count);
}

/** Share of samples whose class is among the `count` most probable; 0..1, 0 where there are no samples. */
export function topAccuracy(predictions: Predictions, count: number): number {
  const { classes, labels, probabilities } = predictions;
  let hits = 0;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    const own = probabilities[row * classes + label]!;
    let before = 0;
    for (let k = 0; k < classes; k++) {
      const other = probabilities[row * classes + k]!;
      if (other > own || (other === own && k < label)) before += 1;
    }
    if (before < count) hits += 1;
  }
  return share(hits, labels.length);
}

/** Mean of −log p(true class) in nats; probabilities below 1e-15 count as that. 0 where there are no samples. */
export function logLoss({ classes, labels, probabilities }: Predictions): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    sum -= Math.log(Math.max(probabilities[row * classes + labels[row]!]!, 1e-15));
  }
  return share(sum, labels.length);
}

/** `confusion[true][predicted]`, counts. */
export function confusionMatrix(predictions: Predictions): number[][] {
  const { classes, labels } = predictions;
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const predicted = predictedClasses(predictions);
  for (let row = 0; row < labels.length; row++) matrix[labels[row]!]![predicted[row]!]! += 1;
  return matrix;
}

/** Precision, recall and F1 of each class; a share of nothing is 0, as in scikit-learn. */
export function perClassMetrics(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
): ClassMetrics[] {
  return names.map((label, k) => {
    const hits = confusion[k]![k]!;
    const support = sum(confusion[k]!);
    const predicted = sum(confusion.map((row) => row[k]!));
    return {
      label,
      support,
      precision: share(hits, predicted),
      recall: share(hits, support),
      f1: share(2 * hits, support + predicted),
    };
  });
}

/** Mean F1 of the classes that occur as a label or as a prediction, as scikit-learn's `average="macro"`; 0..1. */
export function macroF1(confusion: readonly (readonly number[])[]): number {
  const names = confusion.map((_, k) => String(k));
  const seen = perClassMetrics(confusion, names).filter(
    ({ support }, k) => support > 0 || confusion.some((row) => row[k]! > 0),
  );
  return share(sum(seen.map(({ f1 }) => f1)), seen.length);
}

/**
 * Accuracy as it would be were the classes as frequent as in nature: the mean of their recalls, weighted by
 * `natural` (counts before any cap, by label). Classes without samples here or without a natural count are left out.
 */
export function naturalAccuracy(
  perClass: readonly ClassMetrics[],
  natural: Readonly<Record<string, number>>,
): number {
  let weights = 0;
  let weighted = 0;
  for (const { label, support, recall } of perClass) {
    const weight = support > 0 ? (natural[label] ?? 0) : 0;
    weights += weight;
    weighted += weight * recall;
  }
  return share(weighted, weights);
}

export interface IntervalOptions {
  seed: number;
  /** Bootstrap repetitions. */
  repetitions?: number;
  /** Confidence, in 0..1. */
  level?: number;
}

/**
 * Confidence interval of an accuracy by the percentile bootstrap over components (Efron & Tibshirani 1993, ch. 13):
 * photos of one component stand or fall together, so components are drawn, not photos. The draws depend on the seed
 * and on the components' names, not on the order of the samples.
 * @param correct whether each sample was right; `components` names each sample's component.
 */
export function accuracyInterval(
  correct: readonly boolean[],
  components: readonly string[],
  { seed, repetitions = 2000, level = 0.95 }: IntervalOptions,
): [number, number] {
  const byName = new Map<string, { size: number; hits: number }>();
  for (const [index, name] of components.entries()) {
    const component = byName.get(name) ?? { size: 0, hits: 0 };
    component.size += 1;
    if (correct[index]) component.hits += 1;
    byName.set(name, component);
  }
  const all = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, component]) => component);
  if (all.length === 0) return [0, 0];
  const random = randomSource(seed, 'bootstrap');
  const accuracies = Float64Array.from({ length: repetitions }, (_, repetition) => {
    let size = 0;
    let hits = 0;
    for (let draw = 0; draw < all.length; draw++) {
      const component = all[random.integer(all.length, repetition, draw)]!;
      size += component.size;
      hits += component.hits;
    }
    return hits / size;
  }).sort();
  return [quantile(accuracies, (1 - level) / 2), quantile(accuracies, (1 + level) / 2)];
}

/** The q-quantile of sorted numbers, linear between neighbours. */
function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (position - below) * ((sorted[below + 1] ?? low) - low);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
