import { type Counts, countsByNumber } from './counts.js';

/** How much one variable tells of another, over the records that have both. */
export interface Information {
  /** Records that have a value and a label. */
  records: number;
  /** Mutual information as counted (the plug-in estimate), in bits. */
  bits: number;
  /** What it would be on average were the same values dealt out to the same labels at random, in bits. */
  chance: number;
  /** The label's entropy over these records, in bits. */
  entropy: number;
  /**
   * The share of the label's entropy that the value explains beyond chance, (bits − chance) / entropy: about 0 (or a
   * little below) when it says nothing, or when it has so many values that chance alone explains everything; at most
   * 1 − chance / entropy. What keys are ranked by.
   */
  explained: number;
  /**
   * Adjusted mutual information, (bits − chance) / (entropy − chance): 1 when the value determines the label, however many
   * values there are. Little stands behind it where chance is close to the entropy. 0 where it reaches it.
   */
  adjusted: number;
}

/** Labels that can be told apart: a cell's number is value × this + label. */
const MOST_LABELS = 2 ** 21;
/** Terms of an expectation that are smaller than this change no digit of it. */
const NEGLIGIBLE = 1e-20;

/** Counts pairs (value, label); holds one number a pair that occurs. */
export interface Contingency {
  /** @param value a whole number in 0..2^32. @param label a whole number in 0..2^21. */
  add(value: number, label: number): void;
  /** Undefined where no pair was added. */
  result(): Information | undefined;
}

/**
 * Mutual information of a value with a label, corrected for chance: a key with as many values as records "determines"
 * every label, and says nothing. The correction is the exact expectation under the permutation model (Vinh, Epps and
 * Bailey 2010, *Information Theoretic Measures for Clusterings Comparison*, JMLR 11, equation 24a); what is left is
 * given as a share of the label's entropy (as Theil's uncertainty coefficient), because the question is how much of the
 * label is known, and not how alike the two are. The Miller–Madow correction would not do: it assumes many records a
 * value. Nor would dividing by what chance leaves, as adjusted mutual information does: one pair of records that agree
 * in a key that is otherwise all different (measured: an item id that stands twice in the sample) then counts 100 %.
 */
export function contingency(): Contingency {
  const cells = countsByNumber();
  return {
    add(value, label) {
      cells.add(value * MOST_LABELS + label, 1);
    },
    result: () => (cells.size === 0 ? undefined : measure(cells)),
  };
}

function measure(cells: Counts): Information {
  const values = new Map<number, number>();
  const labels = new Map<number, number>();
  let records = 0;
  for (const [cell, count] of cells.entries()) {
    const label = cell % MOST_LABELS;
    const value = (cell - label) / MOST_LABELS;
    values.set(value, (values.get(value) ?? 0) + count);
    labels.set(label, (labels.get(label) ?? 0) + count);
    records += count;
  }
  const ofValues = entropyOf(values.values(), records);
  const entropy = entropyOf(labels.values(), records);
  // Sums of rounded terms may leave the range by a rounding.
  const bits = Math.min(Math.max(0, ofValues + entropy - entropyOf(cells.values(), records)), entropy);
  const chance = Math.min(
    expectedInformation(sizes(values.values()), sizes(labels.values()), records),
    entropy,
  );
  const room = entropy - chance;
  const beyond = bits - chance;
  return {
    records,
    bits,
    chance,
    entropy,
    explained: entropy === 0 ? 0 : beyond / entropy,
    adjusted: room < 1e-9 ? 0 : beyond / room,
  };
}

/** In bits. */
function entropyOf(counts: Iterable<number>, total: number): number {
  // In order of size, so that the order in which records came changes no digit.
  let sum = 0;
  for (const [count, times] of sizes(counts)) sum -= times * (count / total) * Math.log2(count / total);
  return sum;
}

/** How many groups have which size, the smallest first: there are few sizes, however many groups. */
function sizes(counts: Iterable<number>): [size: number, times: number][] {
  const times = new Map<number, number>();
  for (const count of counts) times.set(count, (times.get(count) ?? 0) + 1);
  return [...times].sort(([a], [b]) => a - b);
}

/**
 * The mean mutual information, in bits, of all ways to pair values and labels that keep each one's count: over each two
 * groups the overlap is hypergeometric. Groups of equal sizes are worked out once.
 */
function expectedInformation(
  values: readonly (readonly [number, number])[],
  labels: readonly (readonly [number, number])[],
  total: number,
): number {
  const logFactorial = new Float64Array(total + 1);
  for (let n = 2; n <= total; n += 1) logFactorial[n] = logFactorial[n - 1]! + Math.log(n);
  const logChoose = (n: number, k: number) => logFactorial[n]! - logFactorial[k]! - logFactorial[n - k]!;
  let expected = 0;
  for (const [a, timesA] of values) {
    for (const [b, timesB] of labels) {
      const least = Math.max(0, a + b - total);
      const most = Math.min(a, b);
      const mode = Math.min(most, Math.max(least, Math.floor(((a + 1) * (b + 1)) / (total + 2))));
      const atMode = Math.exp(logChoose(b, mode) + logChoose(total - b, a - mode) - logChoose(total, a));
      const term = (n: number) => (n === 0 ? 0 : (n / total) * Math.log2((total * n) / (a * b)));
      let sum = atMode * term(mode);
      // Away from the mode the chances fall, each from its neighbour's.
      for (let n = mode, chance = atMode; n < most && chance > NEGLIGIBLE; n += 1) {
        chance *= ((a - n) * (b - n)) / ((n + 1) * (total - a - b + n + 1));
        sum += chance * term(n + 1);
      }
      for (let n = mode, chance = atMode; n > least && chance > NEGLIGIBLE; n -= 1) {
        chance *= (n * (total - a - b + n)) / ((a - n + 1) * (b - n + 1));
        sum += chance * term(n - 1);
      }
      expected += timesA * timesB * sum;
    }
  }
  return Math.max(0, expected);
}
