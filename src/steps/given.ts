import { matchKey } from '../attributes.js';
import { PipelineError } from '../errors.js';
import { placesIn, TREE_OF_NODES, withPlaces } from '../labels/tree/tree.js';
import type { Recipe, TaskRecipe } from '../recipe.js';
import type { Sample } from '../records.js';
import { sampleRows } from '../sources/samples.js';
import type { ImagesRoot } from '../sources/source.js';
import { type RunContext, runStage } from '../stage.js';
import { readSamples } from '../stages/read-samples.js';
import { split } from '../stages/split.js';
import { collect, iterate } from '../streams.js';
import { type CuratedTask, countLabels, curatedTask, writeSamples } from './samples.js';

/**
 * A task's samples from a file instead of from curation: photos, labels, sides and components as given. A file with
 * only train and validation uses its validation as test; a validation side that is missing is cut from train by
 * component, unless the recipe's `split.validation` is 0. Classes that all stand in the recipe's tree get their paths.
 * @throws {PipelineError} `SAMPLES_INVALID` when the file has no train or no test side, or fewer than two classes.
 */
export async function takeGivenSamples(options: {
  task: string;
  file: string;
  imagesRoot: ImagesRoot;
  recipe: Recipe;
  run: string;
  context: RunContext;
}): Promise<CuratedTask> {
  const { task, file, imagesRoot, recipe, run, context } = options;
  const rows = sampleRows(file, context.signal);
  const given = await collect(runStage(readSamples({ task, imagesRoot }), rows, context));
  const placed = withTree(validationAsTest(given), recipe.tasks[task] ?? {});
  const samples = await cutValidation(placed, { task, recipe, context });
  assertUsable(samples, file);
  await writeSamples(run, task, samples);
  return curatedTask(samples, countLabels(samples));
}

/** A file with only train and validation holds its validation out: that is what everyone else calls test. */
export function validationAsTest(samples: readonly Sample[]): Sample[] {
  if (samples.some((sample) => sample.split === 'test')) return [...samples];
  return samples.map((sample) =>
    sample.split === 'validation' ? { ...sample, split: 'test' as const } : sample,
  );
}

/** The samples with the paths of their classes, where they have none and the recipe's tree knows all of them. */
export function withTree(
  samples: readonly Sample[],
  { tree, places, level = 'fine', missing, other }: Partial<TaskRecipe>,
): readonly Sample[] {
  // Above groups as labels there is no telling a sample's class.
  if (tree === undefined || tree === TREE_OF_NODES || level !== 'fine') return samples;
  if (samples.every(({ fine }) => fine !== undefined)) return samples;
  const made = [missing, other].filter((label) => label !== undefined);
  const placeOf = placesIn(withPlaces(tree, places), matchKey, made);
  const paths = new Map(samples.map(({ label }) => [label, placeOf(label)]));
  if ([...paths.values()].includes(undefined)) return samples;
  // The class as the file writes it.
  return samples.map((sample) => ({ ...sample, ...paths.get(sample.label), fine: sample.label }));
}

async function cutValidation(
  samples: readonly Sample[],
  { task, recipe, context }: { task: string; recipe: Recipe; context: RunContext },
): Promise<readonly Sample[]> {
  const { validation, by, method } = recipe.split;
  if (validation === 0 || samples.some((sample) => sample.split === 'validation')) return samples;
  const cut = split({ task, by, method, validation, test: 0 });
  const train = samples.filter((sample) => sample.split === 'train');
  const kept = await collect(runStage(cut, iterate(train), context));
  const byPath = new Map(kept.map((sample) => [sample.path, sample]));
  return samples.map((sample) => byPath.get(sample.path) ?? sample);
}

function assertUsable(samples: readonly Sample[], file: string): void {
  for (const side of ['train', 'test'] as const) {
    if (samples.some((sample) => sample.split === side)) continue;
    throw new PipelineError(
      'SAMPLES_INVALID',
      `Expected samples on the ${side} side in ${file} but found none`,
      {
        hint: 'Each row is {"path", "label", "split", "component"}; split is train, validation or test.',
      },
    );
  }
  const classes = new Set(samples.map((sample) => sample.label));
  if (classes.size >= 2) return;
  throw new PipelineError(
    'SAMPLES_INVALID',
    `Expected at least two classes in ${file} but found ${classes.size}`,
    { hint: 'Each line has its class as `label`: with one class there is nothing to learn.' },
  );
}
