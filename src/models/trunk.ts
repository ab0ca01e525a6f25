import { mixes } from '../augment/mix.js';
import { PipelineError } from '../errors.js';
import type { ModelRecipe, Recipe, TrainingRecipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { EpochRecord, TrainResult } from '../results.js';
import { classWeights } from './class-weights.js';
import { type UpperLevel, upperLevels } from './levels.js';

/** A task whose head stands on a trunk that it shares with others. */
export interface TrunkTask {
  task: string;
  samples: readonly Sample[];
  head: ModelRecipe['head'];
  training?: TrainingRecipe;
}

/** One of a shared trunk's heads, an output of the network. */
export interface TrunkHead {
  task: string;
  /** In the order of its softmax. */
  classes: string[];
  /** Of the category tree, above the classes. */
  levels: UpperLevel[];
  head: ModelRecipe['head'];
  /** By photo of the trunk, in the order of their paths: its class; −1 where the task has no label of it. */
  of: number[];
  classWeights?: Float32Array;
}

/** What the heads of several tasks that share a trunk are called together; of one task its own name. */
export function trunkName(tasks: readonly { task: string }[]): string {
  return tasks.map(({ task }) => task).join('+');
}

/** Whether the tasks of a recipe share a trunk. */
export function sharesTrunk({ model }: Recipe): boolean {
  return model.trunk === 'shared';
}

/**
 * The photos that tasks have labels of, each once, in the order that they first come in; for the trunk each is a class of
 * its own, by its path, which says what each head should name.
 * @throws {PipelineError} `SAMPLES_INVALID` where tasks have a photo on different sides.
 */
export function trunkSamples(tasks: readonly TrunkTask[]): Sample[] {
  const photos = new Map<string, Sample>();
  for (const { task, samples } of tasks) {
    for (const sample of samples) {
      const earlier = photos.get(sample.path);
      if (earlier === undefined) {
        const { coarse: _, middle: __, fine: ___, ...photo } = sample;
        photos.set(sample.path, { ...photo, label: sample.path });
      } else if (earlier.split !== sample.split) {
        throw new PipelineError(
          'SAMPLES_INVALID',
          `Expected a photo on one side in all tasks but ${task} has it in ${sample.split} and another in ${earlier.split}`,
          { key: sample.path, hint: 'Tasks that share a trunk share their sides.' },
        );
      }
    }
  }
  return [...photos.values()];
}

/** @param paths of the trunk's photos, in the order of its samples' classes. */
export function trunkHead({ task, samples, head, training }: TrunkTask, paths: readonly string[]): TrunkHead {
  const classes = [...new Set(samples.map(({ label }) => label))].sort();
  const labels = new Map(samples.map(({ path, label }) => [path, classes.indexOf(label)]));
  const train = samples.filter(({ split }) => split === 'train').map(({ path }) => labels.get(path)!);
  const rule = training?.classWeights;
  return {
    task,
    classes,
    levels: upperLevels(samples, classes),
    head,
    of: paths.map((path) => labels.get(path) ?? -1),
    ...(rule && { classWeights: classWeights(rule, train, classes.length) }),
  };
}

/** What training a shared trunk gave one of its tasks: its own figures of each epoch, and what all tasks have in common. */
export function resultOfTask({ heads, ...train }: TrainResult, task: string): TrainResult {
  const own = heads?.find((head) => head.task === task);
  if (own === undefined) return train;
  const { classes, head, temperature } = own;
  const history = historyOfTask(train.history, task);
  return { ...train, classes, temperature, model: { ...train.model, head }, history };
}

/** The epochs of a trunk with one task's figures in place of all tasks'. */
export function historyOfTask(history: readonly EpochRecord[], task: string): EpochRecord[] {
  return history.map(({ heads, ...record }) => ({ ...record, ...heads?.[task] }));
}

/**
 * Looks whether what a recipe's tasks share can be shared, before anything is done.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertTrunk(recipe: Recipe): void {
  if (!sharesTrunk(recipe)) return;
  const { model, augmentation = {} } = recipe;
  const refuse = (where: string, expected: string, hint: string) => {
    throw new PipelineError('RECIPE_INVALID', `${where}: Expected ${expected} beside model.trunk`, { hint });
  };
  if (model.branches !== undefined)
    refuse('model.branches', 'none', 'A B-CNN predicts the levels of one task.');
  if (model.head.kernel !== undefined) {
    refuse('model.head.kernel', 'none', 'Kernel heads are solved, and never train what lies below them.');
  }
  if (mixes(augmentation)) {
    refuse('augmentation', 'no mixup or cutmix', 'Of two mixed photos a task may have a label of one.');
  }
  const hint = 'Tasks that share a trunk have one network and one course of training.';
  for (const [task, { model: own = {}, training }] of Object.entries(recipe.tasks)) {
    const { head = {}, ...rest } = own;
    for (const key of Object.keys(rest)) refuse(`tasks.${task}.model.${key}`, 'nothing', hint);
    for (const key of Object.keys(head)) {
      if (!['units', 'dropout', 'labelSmoothing'].includes(key))
        refuse(`tasks.${task}.model.head.${key}`, 'nothing', hint);
    }
    if (training?.sampling === 'class') {
      refuse(`tasks.${task}.training.sampling`, 'no sampling by class', 'Class weights do the same.');
    }
  }
}
