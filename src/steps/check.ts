import type { CheckReport } from '../models/check/check.js';
import type { TrainerThread } from '../models/trainer/thread.js';
import { modelOf, type Recipe } from '../recipe.js';
import { pixelTarget } from '../sinks/tensor-cache/identity.js';
import type { RunContext } from '../stage.js';
import type { TaskSamples } from './cache.js';
import type { TaskInputs } from './train.js';

/** Looks at a task's training, as if it had its base alone, before it begins; writes nothing. */
export function checkTraining(options: {
  context: RunContext;
  recipe: Recipe;
  task: TaskSamples;
  inputs: TaskInputs;
  trainer: TrainerThread;
}): Promise<CheckReport> {
  const { context, recipe, task, inputs, trainer } = options;
  const { pixels, weights } = inputs;
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
