import { meant } from '../edit-distance.js';
import { PipelineError } from '../errors.js';
import type { Fit } from '../kernels/fit.js';
import type { PixelTarget } from '../kernels/pixel-pool.js';
import type { Size } from '../kernels/resize.js';
import type { UpperLevel } from '../models/levels.js';
import { headOfTask } from '../models/model-folder.js';
import { type FoundModel, modelsNamed } from '../models/model-folders.js';

/** The size that a model takes photos at, and how they are brought to it. */
export type PhotoInput = Size & { fit: Fit };

/** What a model can say of photos. */
export interface PredictedTask {
  name: string;
  /** Its model's. */
  folder: string;
  /** In the order of probabilities. */
  classes: readonly string[];
  /** Of the category tree, above the classes, the coarsest first; none where the task has no tree. */
  levels: readonly UpperLevel[];
  input: PhotoInput;
}

/** @throws {PipelineError} `NOT_FOUND` where there is no model, `USAGE` where two name one task. */
export async function modelsAt(path: string): Promise<FoundModel[]> {
  const models = await modelsNamed(path);
  if (models.length === 0) {
    throw new PipelineError('NOT_FOUND', `Expected a model in ${path} but found none`, {
      hint: 'Name RUN/model, which `pipeline run` writes, or a model’s folder in it.',
    });
  }
  const owners = new Map<string, string>();
  for (const { folder, tasks } of models) {
    for (const task of tasks) {
      const other = owners.get(task);
      if (other !== undefined) {
        throw new PipelineError('USAGE', `Expected one model of ${task} but found ${other} and ${folder}`, {
          hint: 'Name the one’s folder; `pipeline clean` removes those that no step uses any more.',
        });
      }
      owners.set(task, folder);
    }
  }
  return models;
}

export function tasksOf({ folder, metadata, tasks }: FoundModel): PredictedTask[] {
  const { height, width, fit } = metadata.input;
  return tasks.map((name) => {
    const { classes, levels = [] } = headOfTask(metadata, name);
    return { name, folder, classes, levels, input: { height, width, fit } };
  });
}

/** The sizes that photos are decoded to, each once, and by model which of them it takes. */
export function inputsOf(models: readonly FoundModel[]): { targets: PixelTarget[]; inputs: number[] } {
  const targets = new Map<string, PixelTarget>();
  const keys = models.map(({ metadata }) => {
    const { preprocessing: _, ...target } = metadata.input;
    const key = JSON.stringify(target, Object.keys(target).sort());
    targets.set(key, target);
    return key;
  });
  const order = [...targets.keys()];
  return { targets: [...targets.values()], inputs: keys.map((key) => order.indexOf(key)) };
}

/** @throws {PipelineError} `NOT_FOUND` */
export function taskOf(tasks: readonly PredictedTask[], name: string): PredictedTask {
  const found = tasks.find((task) => task.name === name);
  if (found !== undefined) return found;
  const names = tasks.map((task) => task.name);
  throw new PipelineError(
    'NOT_FOUND',
    `Expected a task of the model but received "${name}"${meant(name, names)}`,
    {
      hint: `It has ${names.join(', ')}.`,
    },
  );
}

/** @throws {PipelineError} `NOT_FOUND` */
export function placeOf(classes: readonly string[], className: string, task: string): number {
  const at = classes.indexOf(className);
  if (at >= 0) return at;
  throw new PipelineError(
    'NOT_FOUND',
    `Expected a class of ${task} but received "${className}"${meant(className, classes)}`,
    {
      hint: `It has ${classes.join(', ')}.`,
    },
  );
}
