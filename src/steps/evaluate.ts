import { join } from 'node:path';
import { PipelineError } from '../errors.js';
import type { StartedBackend } from '../models/backends/backend.js';
import { evaluateTask } from '../models/evaluate.js';
import type { Recipe } from '../recipe.js';
import type { Side } from '../records.js';
import type { EvaluationResult } from '../results.js';
import type { RunFolder } from '../run.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import { modelFolder, openInputs, type TaskInputs } from './train.js';

/** Scores a task's trained model, once, and writes RUN/predictions-<task>.jsonl. */
export function evaluateStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  inputs: TaskInputs;
  backend: () => Promise<StartedBackend>;
}): Promise<Accounted<EvaluationResult>> {
  const { run, context, recipe, inputs, backend } = options;
  const { task } = inputs;
  const side = evaluatedSide(inputs);
  const predictionsFile = `predictions-${task.task}.jsonl`;
  return accountedStep(run, context, {
    name: `evaluate-${task.task}`,
    dependsOn: {
      version: 1,
      model: run.record(`train-${task.task}`)?.hash,
      samples: task.digest,
      natural: task.natural,
      side,
    },
    outputs: [predictionsFile],
    async work({ signal, events }) {
      const { tf } = await backend();
      const cache = openInputs(inputs);
      try {
        const { result, predictions } = await evaluateTask({
          tf,
          folder: join(run.path, modelFolder(task.task)),
          samples: task.samples,
          side,
          cache,
          natural: task.natural,
          seed: recipe.seed,
          signal,
          onProgress: (done, total) =>
            events.emit({ type: 'progress', stage: `evaluate ${task.task}`, done, total, unit: 'photos' }),
        });
        await writeJsonLinesFile(join(run.path, predictionsFile), predictions);
        return result;
      } finally {
        await cache.close();
      }
    },
  });
}

/** The test side; where a recipe leaves none, validation, which then has also chosen. */
function evaluatedSide({ task: { task, samples } }: TaskInputs): Side {
  for (const side of ['test', 'validation'] as const) {
    if (samples.some(({ split }) => split === side)) return side;
  }
  throw new PipelineError('TOO_FEW_SAMPLES', 'Expected samples on the test side but found none', {
    stage: 'evaluate',
    key: task,
    hint: 'Raise split.test, or lower minPerClass so that there are more samples.',
  });
}
