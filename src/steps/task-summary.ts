import { hashOf } from '../canonical-json.js';
import type { Recipe } from '../recipe.js';
import { SIDES, type Side } from '../records.js';
import type { EvaluationResult, TrainResult } from '../results.js';
import type { PreparedTask, TaskSummary } from '../summary.js';
import { pathsWithTwins } from '../twins.js';
import type { TaskSamples } from './cache.js';
import type { Features } from './features.js';
import { countSides } from './samples.js';

/** What the summary says of a task that was not trained yet. */
export function preparedTask(task: TaskSamples, recipe: Recipe): PreparedTask {
  const { samples, items, given, unmapped, tree } = task;
  const splits = countSides(samples);
  const twins = pathsWithTwins(samples, items);
  const { validation, test } = recipe.split;
  const bySide = (share: (side: Side) => number) =>
    Object.fromEntries(SIDES.map((side) => [side, share(side)])) as Record<Side, number>;
  return {
    classes: new Set(samples.map(({ label }) => label)).size,
    samples: samples.length,
    splits,
    shares: bySide((side) => (samples.length === 0 ? 0 : splits[side] / samples.length)),
    ...(!given && { sharesAsked: { train: 1 - validation - test, validation, test } }),
    twins: countSides(samples.filter(({ path }) => twins.has(path))),
    splitBy: given ? 'given' : recipe.split.by,
    samplesDigest: hashOf(
      samples.map(({ path, label, split }) => JSON.stringify([path, label, split])).sort(),
    ),
    ...(unmapped && { unmapped }),
    ...(tree && { tree }),
  };
}

export function taskSummary(
  prepared: PreparedTask,
  train: TrainResult,
  evaluation: EvaluationResult,
  features?: Features,
): TaskSummary {
  const { side, accuracy, withoutTwins, byRole, tree } = evaluation;
  const { trainAccuracy, overfitting } = train.history[train.keptEpoch - 1]!;
  const { accuracyInterval, naturalAccuracy, top5, macroF1, macroF1Interval, loss } = evaluation;
  const { weightedF1, kappa, calibration, eceBefore } = evaluation;
  return {
    ...prepared,
    evaluatedOn: side,
    accuracy,
    ...(withoutTwins && { withoutTwins }),
    ...(byRole && { byRole }),
    ...(tree && { inTree: tree }),
    accuracyInterval,
    naturalAccuracy,
    top5,
    macroF1,
    macroF1Interval,
    weightedF1,
    kappa,
    ece: calibration.ece,
    eceBefore,
    temperature: train.temperature,
    loss,
    epochs: train.history.length,
    trainAccuracy,
    ...(overfitting !== undefined && { overfitting }),
    backends: train.backends,
    ...(features?.backend && { featuresBackend: features.backend.name }),
    trainSeconds: train.seconds,
    trainerWaitShare: train.waitShare,
  };
}
