/** What a label's doubts are ranked and counted by. */
export interface Confidences {
  /** The label's own probability, one a photo. */
  self: Float64Array;
  /** The label's probability minus the greatest other one, −1..1. */
  margin: Float64Array;
  /** The most probable class. */
  best: Int32Array;
}

/** Reads off probabilities [rows × classes] what they say of the labels. */
export function confidencesOf(
  probabilities: Float64Array,
  { labels, classes }: { labels: Int32Array; classes: number },
): Confidences {
  const [self, margin] = [new Float64Array(labels.length), new Float64Array(labels.length)];
  const best = new Int32Array(labels.length);
  for (const [row, label] of labels.entries()) {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    let other = 0;
    for (let k = 0; k < classes; k++) {
      if (own[k]! > own[best[row]!]!) best[row] = k;
      if (k !== label) other = Math.max(other, own[k]!);
    }
    self[row] = own[label]!;
    margin[row] = own[label]! - other;
  }
  return { self, margin, best };
}

/** How many photos of each label are of each class: an estimate, whose rows sum to the labels' counts. */
export interface ConfidentJoint {
  /** [label × class] */
  counts: number[][];
  /** The share of photos off the diagonal, 0..1. */
  noise: number;
}

/**
 * The confident joint (Northcutt, Jiang and Chuang 2021): a photo counts for the most probable of the classes that are as
 * probable as they are on average for photos labelled so.
 */
export function confidentJoint(
  probabilities: Float64Array,
  { labels, classes }: { labels: Int32Array; classes: number },
): ConfidentJoint {
  const sizes = new Float64Array(classes);
  const thresholds = new Float64Array(classes);
  for (const [row, label] of labels.entries()) {
    sizes[label]! += 1;
    thresholds[label]! += probabilities[row * classes + label]!;
  }
  for (let k = 0; k < classes; k++) thresholds[k]! /= sizes[k]!;
  const found = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [row, label] of labels.entries()) {
    let best = -1;
    for (let k = 0; k < classes; k++) {
      const value = probabilities[row * classes + k]!;
      if (value < thresholds[k]!) continue;
      if (best < 0 || value > probabilities[row * classes + best]!) best = k;
    }
    if (best >= 0) found[label]![best]! += 1;
  }
  const counts = found.map((row, label) => {
    const sum = row.reduce((total, count) => total + count, 0);
    // Where none of a label's photos is sure of anything, all are taken for what they say.
    if (sum === 0) return row.map((_, k) => (k === label ? sizes[label]! : 0));
    return row.map((count) => (count / sum) * sizes[label]!);
  });
  const right = counts.reduce((sum, row, label) => sum + row[label]!, 0);
  return { counts, noise: labels.length === 0 ? 0 : 1 - right / labels.length };
}
