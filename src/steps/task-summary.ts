import type { Recipe } from '../recipe.js';
import type { EvaluationResult, TrainResult } from '../results.js';
import type { PreparedTask, TaskSummary } from '../summary.js';
import type { TaskSamples } from './cache.js';
import type { Features } from './features.js';
import { countSides } from './samples.js';

/** What the summary says of a task that was not trained yet. */
export function preparedTask({ samples, given, unmapped }: TaskSamples, recipe: Recipe): PreparedTask {
  return {
    classes: new Set(samples.map(({ label }) => label)).size,
    samples: samples.length,
    splits: countSides(samples),
    splitBy: given ? 'given' : recipe.split.by,
    ...(unmapped && { unmapped }),
  };
}

export function taskSummary(
  prepared: PreparedTask,
  train: TrainResult,
  evaluation: EvaluationResult,
  features?: Features,
): TaskSummary {
  const { classes, samples, splits, splitBy, unmapped } = prepared;
  const { side, accuracy, accuracyInterval, naturalAccuracy, top5, macroF1, loss } = evaluation;
  return {
    classes,
    samples,
    splits,
    splitBy,
    ...(unmapped && { unmapped }),
    evaluatedOn: side,
    accuracy,
    accuracyInterval,
    naturalAccuracy,
    top5,
    macroF1,
    loss,
    epochs: train.history.length,
    backends: train.backends,
    ...(features?.backend && { featuresBackend: features.backend.name }),
    trainSeconds: train.seconds,
    trainerWaitShare: train.waitShare,
  };
}
