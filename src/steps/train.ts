import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mixes } from '../augment/mix.js';
import { splitAugmentation } from '../augment/stored.js';
import { hashOf } from '../canonical-json.js';
import { removeCheckpoint } from '../models/checkpoint.js';
import { writeHistories } from '../models/histories.js';
import type { FitOutcome } from '../models/trainer/jobs.js';
import type { TrainerThread } from '../models/trainer/thread.js';
import { sharesTrunk, type TrunkTask, trunkName, trunkSamples } from '../models/trunk.js';
import { modelOf, type Recipe } from '../recipe.js';
import type { RunFolder } from '../run.js';
import { pixelTarget } from '../sinks/tensor-cache/identity.js';
import type { CacheReference } from '../sinks/tensor-cache/with-caches.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskPixels, TaskSamples } from './cache.js';
import type { Features, WeightsFolder } from './features.js';

/** Where a task's trained model lies in a run folder. */
export function modelFolder(task: string): string {
  return `model/${task}`;
}

/** Where a task's history lies in a run folder: a folder a task, so that TensorBoard takes each for a run. */
function historyFolder(task: string): string {
  return `history/${task}`;
}

/** What tasks are trained and scored on: one, or those that share a trunk. */
export interface TaskInputs extends TaskPixels {
  tasks: readonly TaskSamples[];
  /** Where only a pretrained network's head is trained. */
  features?: Features;
  /** Where the head is trained before the base is: what phases that train the head alone read. */
  headFeatures?: Features;
  weights?: WeightsFolder;
}

/** What the trainer reads: features where there are some, else pixels. */
export function cacheOf({ pixels, features }: TaskInputs): CacheReference {
  return features ?? pixels;
}

/** Trains one task, or tasks that share a trunk, into RUN/model/<name>/. */
export async function trainStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  inputs: TaskInputs;
  trainer: TrainerThread;
}): Promise<Accounted<FitOutcome>> {
  const { run, context, recipe, inputs, trainer } = options;
  const { tasks, pixels, views, headFeatures, weights } = inputs;
  const task = trunkName(tasks);
  const [first] = tasks as [TaskSamples];
  const trunk = sharesTrunk(recipe) ? trunkTasks(recipe, tasks) : undefined;
  const model = trunk === undefined ? modelOf(recipe, task) : recipe.model;
  const { augmentation, faithful } = recipe;
  const { training } = trunk === undefined ? recipe.tasks[task]! : {};
  // It ends a training or lets it go on, and changes nothing of one that has ended or was stopped.
  const { stagnation: _, ...trainedModel } = model;
  const dependsOn = {
    // 4: epochs have learning rates of their own and are measured on both sides.
    version: 4,
    model: trainedModel,
    seed: recipe.seed,
    samples: trunk === undefined ? first.digest : tasks.map(({ digest }) => digest),
    ...(trunk && { trunk: trunk.map(({ samples: __, ...one }) => one) }),
    pixels: pixels.identity,
    pretrained: weights?.pretrained.digest ?? null,
    ...(training && { training }),
    ...(augmentation && { augmentation }),
    ...(faithful && { faithful }),
    // The model keeps the levels above its classes.
    ...(first.samples[0]?.fine !== undefined && { levels: 1 }),
    ...(views.length > 0 && { views: views.map(({ identity }) => identity) }),
    ...(headFeatures && { headFeatures: headFeatures.identity }),
  };
  // Views that are stored were changed already, but not mixed.
  const { ofBatches } = splitAugmentation(augmentation ?? {});
  const ofViews = mixes(ofBatches) ? ofBatches : undefined;
  const afresh = views.length > 0 ? ofViews : augmentation;
  // A model takes pixels, however the cache kept them.
  const { storage: ___, ...input } = pixelTarget(pixels.identity);
  const folder = join(run.path, modelFolder(task));
  const checkpoint = `${folder}.checkpoint`;
  const history = join(run.path, historyFolder(task));
  const trained = await accountedStep(run, context, {
    name: `train-${task}`,
    dependsOn,
    outputs: ['model.json', 'weights.bin', 'metadata.json'].map((file) => `${modelFolder(task)}/${file}`),
    async work({ signal, events }) {
      await mkdir(dirname(folder), { recursive: true });
      return trainer.fit(
        {
          kind: 'fit',
          task,
          model,
          seed: recipe.seed,
          samples: trunk === undefined ? first.samples : trunkSamples(trunk),
          ...(trunk && { trunk }),
          cache: cacheOf(inputs),
          ...(headFeatures && { headFeatures: { cache: headFeatures, views: headFeatures.views } }),
          input,
          ...(views.length > 0 && { views: inputs.features?.views ?? views }),
          ...(training && { training }),
          ...(faithful && { faithful }),
          ...(afresh && { augmentation: afresh }),
          ...(weights && { weights: weights.folder }),
          folder,
          checkpoint: { file: checkpoint, key: hashOf(dependsOn) },
          historyFolder: history,
        },
        { signal, events },
      );
    },
  });
  await removeCheckpoint(checkpoint);
  // No output of the step: whoever removes it need not train again.
  if (!existsSync(history)) await writeHistories({ ...trained.result.train, historyFolder: history, task });
  return trained;
}

function trunkTasks(recipe: Recipe, tasks: readonly TaskSamples[]): TrunkTask[] {
  return tasks.map(({ task, samples }) => {
    const { training } = recipe.tasks[task]!;
    return { task, samples, head: modelOf(recipe, task).head, ...(training && { training }) };
  });
}
