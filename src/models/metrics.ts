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
  const { hits, support, predicted } = countsOf(confusion);
  return macroF1Of(hits, support, predicted);
}

/** The same, by class: of right predictions, samples, and predictions. */
export function macroF1Of(
  hits: ArrayLike<number>,
  support: ArrayLike<number>,
  predicted: ArrayLike<number>,
): number {
  let total = 0;
  let seen = 0;
  for (let k = 0; k < hits.length; k++) {
    const both = support[k]! + predicted[k]!;
    if (both === 0) continue;
    seen += 1;
    total += (2 * hits[k]!) / both;
  }
  return share(total, seen);
}

/** Mean F1 of the classes weighted by their samples, as scikit-learn's `average="weighted"`; 0..1. */
export function weightedF1(perClass: readonly ClassMetrics[]): number {
  const samples = sum(perClass.map(({ support }) => support));
  return share(sum(perClass.map(({ support, f1 }) => support * f1)), samples);
}

/**
 * Agreement beyond chance: (accuracy − chance) / (1 − chance), where chance is what predictions as frequent as these
 * would hit (Cohen 1960). At most 1; 0 where chance is all there is.
 */
export function cohenKappa(confusion: readonly (readonly number[])[]): number {
  const { hits, support, predicted } = countsOf(confusion);
  const samples = sum(support);
  const chance = share(sum(support.map((count, k) => count * predicted[k]!)), samples * samples);
  return share(share(sum(hits), samples) - chance, 1 - chance);
}

function countsOf(confusion: readonly (readonly number[])[]) {
  return {
    hits: confusion.map((row, k) => row[k]!),
    support: confusion.map(sum),
    predicted: confusion.map((_, k) => sum(confusion.map((row) => row[k]!))),
  };
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A part of a whole; 0 of nothing. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
