import type { Recipe } from '../recipe.js';
import { type Difference, recipeDifferences } from './differences.js';

/** Where two recipes differ in what decides which photos a run has, their labels and their sides. */
export function samplingDifferences(first: Recipe, second: Recipe): Difference[] {
  return recipeDifferences(samplingOf(first), samplingOf(second));
}

function samplingOf({ cache: _, augmentation: __, faithful: ___, model: ____, tasks, ...sampling }: Recipe) {
  const labels = Object.entries(tasks).map(([task, { model, training, ...rest }]) => [task, rest]);
  return { ...sampling, tasks: Object.fromEntries(labels) as Record<string, unknown> };
}
