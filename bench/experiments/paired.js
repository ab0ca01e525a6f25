// Paired differences over splits: their mean, and its 95 % interval by Student's t.

/** 97.5 % quantiles of Student's t by degrees of freedom, 1 to 14 (NIST/SEMATECH e-Handbook, 1.3.6.7.2). */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145];

/**
 * @param {readonly number[]} values as many as there are splits; of several seeds a split's mean.
 * @returns {{ mean: number, low: number, high: number }}
 */
export function interval(values) {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = T[values.length - 2] * Math.sqrt(variance / values.length);
  return { mean, low: mean - half, high: mean + half };
}

/** In points, with its sign. */
export function points({ mean, low, high }) {
  const text = (value) => `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}`;
  return `${text(mean)} (${text(low)} to ${text(high)})`;
}

export const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
