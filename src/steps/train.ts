import { join } from 'node:path';
import type { StartedBackend } from '../models/backends/backend.js';
import { fitTask } from '../models/fit.js';
import { networks } from '../models/networks/index.js';
import { modelOf, type Recipe } from '../recipe.js';
import type { TrainResult } from '../results.js';
import type { RunFolder } from '../run.js';
import type { PixelIdentity } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { CachedTask } from './cache.js';
import type { Features, WeightsFolder } from './features.js';

/** Where a task's trained model lies in a run folder. */
export function modelFolder(task: string): string {
  return `model/${task}`;
}

export interface TrainedTask {
  train: TrainResult;
  backend: { name: string; device: string };
}

/** What a task's training and evaluation read photos from. */
export interface TaskInputs {
  task: CachedTask;
  pixels: { path: string; identity: PixelIdentity };
  /** Where only a pretrained network's head is trained. */
  features?: Features;
  weights?: WeightsFolder;
}

/** Opens what the trainer reads. */
export function openInputs({ pixels, features }: TaskInputs) {
  return features === undefined
    ? openCache(pixels.path, { identity: pixels.identity })
    : openCache(features.path, { identity: features.identity });
}

/** Trains one task into RUN/model/<task>/. */
export function trainStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  inputs: TaskInputs;
  backend: () => Promise<StartedBackend>;
}): Promise<Accounted<TrainedTask>> {
  const { run, context, recipe, inputs, backend } = options;
  const { task, pixels, weights } = inputs;
  const model = modelOf(recipe, task.task);
  return accountedStep(run, context, {
    name: `train-${task.task}`,
    dependsOn: {
      version: 1,
      model,
      seed: recipe.seed,
      samples: task.digest,
      pixels: pixels.identity,
      pretrained: weights?.pretrained.digest ?? null,
    },
    outputs: [modelFolder(task.task)],
    async work({ signal, events }) {
      const { tf, name, device } = await backend();
      const cache = openInputs(inputs);
      const { height, width, fit, decoder } = pixels.identity;
      try {
        const train = await fitTask({
          tf,
          task: task.task,
          network: networks[model.network],
          model,
          seed: recipe.seed,
          samples: task.samples,
          cache,
          input: { height, width, fit, decoder },
          ...(weights && { pretrained: weights.pretrained }),
          folder: join(run.path, modelFolder(task.task)),
          signal,
          events,
        });
        return { train, backend: { name, device } };
      } finally {
        await cache.close();
      }
    },
  });
}
