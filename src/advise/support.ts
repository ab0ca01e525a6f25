/** So many photos stand behind a guess that a label is as frequent as it is everywhere. */
const PRIOR = 2;
const LEAST = 1e-12;

/**
 * How far each label is supported for each photo, [rows × classes], rows of sum 1.
 *
 * A model is sure that a low shoe labelled SHOES is a BOOT where the catalogue itself has such shoes under both: its own
 * probability of SHOES is then near 0, as it is for a chair labelled SHOES. So that of the labels which *other* photos
 * have that the model takes for the same is counted beside it: a photo is doubted where its label is rare among photos that
 * look as it does. Support is the geometric mean of both, scaled.
 * @param probabilities out of fold, [rows × classes]
 * @param labels as they are given
 */
export function supportOf(
  probabilities: Float64Array,
  { labels, classes }: { labels: Int32Array; classes: number },
): Float64Array {
  const support = labelsExpected(probabilities, { labels, classes });
  for (let start = 0; start < support.length; start += classes) {
    let sum = 0;
    for (let at = start; at < start + classes; at++) {
      const own = Math.max(probabilities[at]!, LEAST);
      support[at] = Math.sqrt(Math.max(support[at]!, LEAST) * own);
      sum += support[at]!;
    }
    for (let at = start; at < start + classes; at++) support[at]! /= sum;
  }
  return support;
}

/** Σ over predicted classes of their probability times the share of each label among the other photos predicted so. */
function labelsExpected(
  probabilities: Float64Array,
  { labels, classes }: { labels: Int32Array; classes: number },
): Float64Array {
  const rows = labels.length;
  const shares = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  /** By predicted class and label: the photos' probabilities of the class, summed. */
  const joint = new Float64Array(classes * classes);
  for (const [row, label] of labels.entries()) {
    shares[label]! += 1 / rows;
    for (let k = 0; k < classes; k++) {
      const value = probabilities[row * classes + k]!;
      predicted[k]! += value;
      joint[k * classes + label]! += value;
    }
  }
  for (let k = 0; k < classes; k++) {
    for (let label = 0; label < classes; label++) joint[k * classes + label]! += PRIOR * shares[label]!;
  }
  const expected = new Float64Array(rows * classes);
  for (const [row, own] of labels.entries()) {
    const start = row * classes;
    for (let k = 0; k < classes; k++) {
      const value = probabilities[start + k]!;
      const weight = value / (predicted[k]! - value + PRIOR);
      for (let label = 0; label < classes; label++) {
        expected[start + label]! += weight * joint[k * classes + label]!;
      }
      expected[start + own]! -= weight * value;
    }
  }
  return expected;
}
