import type { TrainingRecipe } from '../recipe.js';

/**
 * What each sample of a class counts in the loss, so that rare classes count as much as frequent ones. `balanced`:
 * n / (classes · n_c), as scikit-learn and Keras's users do. `effective: β`: proportional to (1 − β) / (1 − β^n_c), the
 * inverse of a class's effective number of samples (Cui et al., CVPR 2019): 1 for β near 0, `balanced` for β near 1.
 * Either way a sample's mean weight is 1, so that the learning rate means what it means without weights; a class
 * without samples has weight 0.
 * @param labels classes of the train side's samples, each 0..classes−1
 */
export function classWeights(
  rule: NonNullable<TrainingRecipe['classWeights']>,
  labels: Iterable<number>,
  classes: number,
): Float32Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]! += 1;
  const raw = counts.map((count) => (count === 0 ? 0 : 1 / numberOf(rule, count)));
  const total = raw.reduce((sum, weight, label) => sum + weight * counts[label]!, 0);
  const samples = counts.reduce((sum, count) => sum + count, 0);
  return Float32Array.from(raw, (weight) => (total === 0 ? 0 : (weight * samples) / total));
}

/** How many samples so many are worth. (1 − β^n) by `expm1`: exact for β near 1. */
function numberOf(rule: NonNullable<TrainingRecipe['classWeights']>, count: number): number {
  return rule === 'balanced' ? count : Math.expm1(count * Math.log(rule.effective)) / (rule.effective - 1);
}
