import type { CheckReport } from '../models/check/check.js';
import type { TrainerThread } from '../models/trainer/thread.js';
import { modelOf, type Recipe } from '../recipe.js';
import { pixelTarget } from '../sinks/tensor-cache/identity.js';
import type { RunContext } from '../stage.js';
import type { TaskInputs } from './train.js';

/** Looks at a task's training before it begins; writes nothing. */
export function checkTraining(options: {
  context: RunContext;
  recipe: Recipe;
  inputs: TaskInputs;
  trainer: TrainerThread;
}): Promise<CheckReport> {
  const { context, recipe, inputs, trainer } = options;
  const { task, pixels, weights } = inputs;
  const { storage: _, ...input } = pixelTarget(pixels.identity);
  return trainer.check(
    {
      kind: 'check',
      task: task.task,
      model: modelOf(recipe, task.task),
      seed: recipe.seed,
      samples: task.samples,
      cache: pixels,
      input,
      ...(recipe.faithful && { faithful: recipe.faithful }),
      ...(weights && { weights: weights.folder }),
    },
    { signal: context.signal, events: context.events },
  );
}
