/** Logits of samples whose classes are known: [samples × classes], row-major. */
export interface LabelledLogits {
  classes: number;
  labels: ArrayLike<number>;
  logits: ArrayLike<number>;
}

/** softmax(logits / temperature), row by row, in double precision; [samples × classes]. */
export function softmax(logits: ArrayLike<number>, classes: number, temperature = 1): Float64Array {
  const out = Float64Array.from(logits);
  for (let start = 0; start < out.length; start += classes) {
    const row = out.subarray(start, start + classes);
    let largest = Number.NEGATIVE_INFINITY;
    for (const value of row) largest = Math.max(largest, value);
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      row[k] = Math.exp((row[k]! - largest) / temperature);
      sum += row[k]!;
    }
    for (let k = 0; k < classes; k++) row[k]! /= sum;
  }
  return out;
}

/** Mean cross-entropy of softmax(logits / temperature) in nats; 0 where there are no samples. */
export function negativeLogLikelihood({ classes, labels, logits }: LabelledLogits, temperature = 1): number {
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[row * classes + k]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp((logits[row * classes + k]! - largest) / temperature);
    total += Math.log(sum) - (logits[row * classes + labels[row]!]! - largest) / temperature;
  }
  return labels.length === 0 ? 0 : total / labels.length;
}

/** Temperatures are looked for in this range. */
const RANGE = [0.05, 20] as const;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The softmax temperature that minimises the cross-entropy of held-out samples (Guo et al. 2017), by golden-section
 * search on its logarithm: the loss is convex in 1/T and so has one minimum. 1 where there are no samples.
 */
export function fitTemperature(samples: LabelledLogits): number {
  if (samples.labels.length === 0) return 1;
  const lossAt = (logT: number) => negativeLogLikelihood(samples, Math.exp(logT));
  let [low, high] = RANGE.map(Math.log) as [number, number];
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let atLeft = lossAt(left);
  let atRight = lossAt(right);
  // Below this the loss changes by less than double precision can tell.
  while (high - low > 1e-7) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - GOLDEN * (high - low);
      atLeft = lossAt(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + GOLDEN * (high - low);
      atRight = lossAt(right);
    }
  }
  return Math.exp((low + high) / 2);
}
