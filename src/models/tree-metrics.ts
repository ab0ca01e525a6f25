import type { DecisionResult, TreeResult } from '../results.js';
import type { BranchLevel, UpperLevel } from './levels.js';
import { type Predictions, predictedClasses, share } from './metrics.js';

/** What a branch of the model said: logits or probabilities of its level's groups, [samples × groups], row-major. */
export interface BranchScores {
  level: BranchLevel;
  scores: ArrayLike<number>;
}

/**
 * How far a classifier's mistakes lie from the truth in the category tree. The distance of two classes is the number of
 * edges from either up to their lowest common ancestor: 0 for the same class, 1 within a group of the lowest level above
 * them, up to the number of levels, the classes' own included, where they have no more than the root in common.
 * Accuracies and distances are means over the samples; 0 where there are none.
 * @param levels above the classes, at least one.
 */
export function treeResult(
  predictions: Predictions,
  levels: readonly UpperLevel[],
  branches: readonly BranchScores[],
): TreeResult {
  const { labels } = predictions;
  const byBranch = branches.map(({ level, scores }) => {
    const { classes, of } = levels.find((one) => one.level === level)!;
    const groups = Int32Array.from(labels, (label) => of[label]!);
    const predicted = predictedClasses({ classes: classes.length, labels: groups, probabilities: scores });
    return [level, share(hits(predicted, groups), labels.length)] as const;
  });
  return {
    levels: levels.length + 1,
    ...decided(predictedClasses(predictions), labels, levels),
    mistakesByDistance: mistakesByDistance(predictedClasses(predictions), labels, levels),
    ...(branches.length > 0 && {
      branchAccuracy: Object.fromEntries(byBranch) as NonNullable<TreeResult['branchAccuracy']>,
    }),
    leastDistance: decided(leastDistanceClasses(predictions, levels), labels, levels),
  };
}

/**
 * The class of each sample whose expected distance to the true one is least, the probabilities taken at their word; of
 * equal ones the first. That distance of a class is the number of levels minus the probabilities of the groups that it
 * stands in, its own included.
 */
export function leastDistanceClasses(predictions: Predictions, levels: readonly UpperLevel[]): Int32Array {
  const { classes, labels, probabilities } = predictions;
  const nearness = new Float64Array(labels.length * classes);
  for (let row = 0; row < labels.length; row++) {
    const own = Float64Array.from({ length: classes }, (_, k) => probabilities[row * classes + k]!);
    nearness.set(own, row * classes);
    for (const { classes: groups, of } of levels) {
      const sums = new Float64Array(groups.length);
      for (const [k, group] of of.entries()) sums[group]! += own[k]!;
      for (const [k, group] of of.entries()) nearness[row * classes + k]! += sums[group]!;
    }
  }
  return predictedClasses({ classes, labels, probabilities: nearness });
}

/** The distance of two classes in the tree: on so many levels, their own included, they stand apart. */
export function treeDistance(a: number, b: number, levels: readonly UpperLevel[]): number {
  return Number(a !== b) + levels.filter(({ of }) => of[a] !== of[b]).length;
}

function mistakesByDistance(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  levels: readonly UpperLevel[],
): number[] {
  const counts = Array<number>(levels.length + 1).fill(0);
  for (let row = 0; row < labels.length; row++) {
    const distance = treeDistance(labels[row]!, predicted[row]!, levels);
    if (distance > 0) counts[distance - 1]! += 1;
  }
  return counts;
}

function decided(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  levels: readonly UpperLevel[],
): DecisionResult {
  const rows = Array.from(labels, (label, row) => ({ label, found: predicted[row]! }));
  const distance = rows.reduce((sum, { label, found }) => sum + treeDistance(label, found, levels), 0);
  const right = hits(predicted, labels);
  const rolledUp = levels.map(({ level, of }) => {
    const same = rows.filter(({ label, found }) => of[label] === of[found]);
    return [level, share(same.length, rows.length)] as const;
  });
  return {
    accuracy: share(right, rows.length),
    levelAccuracy: Object.fromEntries(rolledUp) as DecisionResult['levelAccuracy'],
    distance: share(distance, rows.length),
    mistakeDistance: share(distance, rows.length - right),
  };
}

function hits(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  let same = 0;
  for (let row = 0; row < labels.length; row++) same += Number(predicted[row] === labels[row]);
  return same;
}
