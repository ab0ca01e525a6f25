import { join } from 'node:path';
import { hashOf } from '../canonical-json.js';
import { PipelineError } from '../errors.js';
import type { TrainerThread } from '../models/trainer/thread.js';
import { trunkName } from '../models/trunk.js';
import type { Recipe } from '../recipe.js';
import type { Side } from '../records.js';
import type { EvaluationResult } from '../results.js';
import type { RunFolder } from '../run.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import type { RunContext } from '../stage.js';
import { pathsWithTwins } from '../twins.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';
import { cacheOf, modelFolder, type TaskInputs } from './train.js';

/** Scores a task's trained model, once, and writes RUN/predictions-<task>.jsonl. */
export function evaluateStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  task: TaskSamples;
  /** What its model was trained on. */
  inputs: TaskInputs;
  trainer: TrainerThread;
}): Promise<Accounted<EvaluationResult>> {
  const { run, context, recipe, task, inputs, trainer } = options;
  const model = trunkName(inputs.tasks);
  const side = evaluatedSide(task);
  const twins = [...pathsWithTwins(task.samples, task.items)].sort();
  const scored = task.samples.filter(({ split }) => split === side);
  // They are not in the samples' digest.
  const roles = scored.map(({ role }) => role ?? null);
  const predictionsFile = `predictions-${task.task}.jsonl`;
  return accountedStep(run, context, {
    name: `evaluate-${task.task}`,
    dependsOn: {
      // 3: also calibration, and more figures; 4: photos of each confusion, and where classes are seen.
      version: 4,
      model: run.record(`train-${model}`)?.hash,
      samples: task.digest,
      natural: task.natural,
      side,
      // Components and roles are no part of what was predicted, but of what is said of it.
      ...(twins.length > 0 && { withoutTwins: hashOf(twins) }),
      roles: hashOf(roles),
    },
    outputs: [predictionsFile],
    async work({ signal, events }) {
      const { result, predictions } = await trainer.evaluate(
        {
          kind: 'evaluate',
          task: task.task,
          folder: join(run.path, modelFolder(model)),
          samples: scored,
          twins,
          side,
          cache: cacheOf(inputs),
          pixels: inputs.pixels,
          natural: task.natural,
          seed: recipe.seed,
        },
        { signal, events },
      );
      await writeJsonLinesFile(join(run.path, predictionsFile), predictions);
      return result;
    },
  });
}

/**
 * The test side; where a recipe leaves none, validation, which then has also chosen.
 * @throws {PipelineError} `TOO_FEW_SAMPLES` where there is neither.
 */
export function evaluatedSide({ task, samples }: TaskSamples): Side {
  for (const side of ['test', 'validation'] as const) {
    if (samples.some(({ split }) => split === side)) return side;
  }
  throw new PipelineError('TOO_FEW_SAMPLES', 'Expected samples on the test side but found none', {
    stage: 'evaluate',
    key: task,
    hint: 'Raise split.test, or lower minPerClass so that there are more samples.',
  });
}
