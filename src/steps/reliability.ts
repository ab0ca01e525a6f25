import { join } from 'node:path';
import type { TrainerThread } from '../models/trainer/thread.js';
import { trunkName } from '../models/trunk.js';
import { likenessTo, photosOf } from '../predict/likeness.js';
import { type Reliability, reliabilityFile, writeReliability } from '../predict/reliability.js';
import type { LabelRules } from '../predict/stated.js';
import { hash32 } from '../random.js';
import type { Recipe } from '../recipe.js';
import type { RunFolder } from '../run.js';
import { type Gallery, openGallery } from '../similar/gallery.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';
import { cacheOf, modelFolder, type TaskInputs } from './train.js';

/** Photos that likeness is measured on: enough to know the twentieth part of them that is the least like. */
const MOST_MEASURED = 2000;

/**
 * Writes into a task's model folder how far its predictions can be relied on: from which confidence on they are right, by the
 * validation side alone, and how like those that it learned from photos of its classes are, by it too where there is one.
 * @param options.gallery the run's, relative to its folder, where it has one.
 */
export function reliabilityStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  task: TaskSamples;
  /** What its model was trained on. */
  inputs: TaskInputs;
  gallery?: string;
  trainer: TrainerThread;
}): Promise<Accounted<{ photos: number }>> {
  const { run, context, recipe, task, inputs, gallery, trainer } = options;
  const model = trunkName(inputs.tasks);
  const folder = join(run.path, modelFolder(model));
  const labels = labelRules(recipe, task.task);
  return accountedStep(run, context, {
    name: `reliability-${task.task}`,
    dependsOn: {
      version: 1,
      model: run.record(`train-${model}`)?.hash,
      samples: task.digest,
      labels,
      gallery: gallery === undefined ? null : run.record('gallery')?.hash,
    },
    outputs: [`${modelFolder(model)}/${reliabilityFile(task.task)}`],
    async work({ signal, events }) {
      const samples = task.samples.filter(({ split }) => split === 'validation');
      const predictions =
        samples.length === 0
          ? []
          : await trainer.predict(
              { kind: 'predict', task: task.task, folder, samples, cache: cacheOf(inputs) },
              { signal, events },
            );
      const numbers = new Map<string, number>();
      const outcomes = predictions.map(
        ({ label, predicted, probability }, row): Reliability['outcomes'][0] => {
          const { component } = samples[row]!;
          if (!numbers.has(component)) numbers.set(component, numbers.size);
          return [probability, predicted === label ? 1 : 0, numbers.get(component)!];
        },
      );
      const similarities = gallery && (await similaritiesIn(join(run.path, gallery), task.task, recipe.seed));
      await writeReliability(folder, {
        schemaVersion: 1,
        task: task.task,
        labels,
        outcomes,
        ...(similarities && { similarities }),
      });
      return { photos: samples.length };
    },
  });
}

/** The keys of a task's recipe that its listings' values are read by. */
function labelRules({ tasks, language }: Recipe, task: string): LabelRules {
  const { attribute, normalise, merge, tree, places, level } = tasks[task]!;
  return {
    merge,
    ...(attribute !== undefined && { attribute }),
    ...(normalise && { normalise }),
    ...(tree && { tree }),
    ...(places && { places }),
    ...(level && { level }),
    ...(language && { language }),
  };
}

/**
 * How like those that were learned from the validation side's photos are, ascending; of the train side's, each without its own
 * component, where there is no validation side.
 */
async function similaritiesIn(folder: string, task: string, seed: number): Promise<number[] | undefined> {
  const gallery = await openGallery(folder);
  try {
    const likeness = likenessTo(gallery, task);
    if (likeness === undefined) return undefined;
    return drawn(gallery, task, seed)
      .map((index) => likeness(gallery.embedding(index), gallery.component(index)))
      .sort((a, b) => a - b)
      .map((value) => Number(value.toFixed(5)));
  } finally {
    await gallery.close();
  }
}

function drawn(gallery: Gallery, task: string, seed: number): number[] {
  const indicesOf = (side: 'train' | 'validation') => {
    const wanted = photosOf(gallery, task, side);
    return [...wanted.keys()].filter((index) => wanted[index] === 1);
  };
  const validation = indicesOf('validation');
  const indices = validation.length > 0 ? validation : indicesOf('train');
  const rank = new Map(
    indices.map((index) => [index, hash32(seed, 'likeness', task, gallery.photo(index).sha256)]),
  );
  return indices.sort((a, b) => rank.get(a)! - rank.get(b)! || a - b).slice(0, MOST_MEASURED);
}
