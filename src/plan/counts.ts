import { createContext } from '../context.js';
import { PipelineError } from '../errors.js';
import { withPlaces } from '../labels/tree/tree.js';
import { type UpperLevel, upperLevels } from '../models/levels.js';
import type { Recipe, TaskRecipe } from '../recipe.js';
import { type LabelledPhoto, type Photo, type Sample, SIDES, type Side } from '../records.js';
import { runStage } from '../stage.js';
import { label } from '../stages/label.js';
import { iterate } from '../streams.js';
import { ABO, typeCounts } from '../synth/abo/types.js';

/** How many photos of a task there are. */
export interface TaskCounts {
  classes: number;
  /** Photos of these classes before the cap; absent where only what is left after it is known. */
  before?: number;
  samples: number;
  splits: Record<Side, number>;
  /** Of its category tree, above its classes; none without a tree. */
  levels: UpperLevel[];
  /** The photos themselves, with their sides; absent where only their number is known. */
  photos?: readonly Sample[];
  /** What the numbers rest on: a curated run, ABO's published counts, or these with counts that nobody published. */
  basis: 'run' | 'published' | 'assumed';
}

/** All photos that a run looks at, and the tasks' own. */
export interface Counts {
  photos: number;
  listings: number;
  tasks: Map<string, TaskCounts>;
  /** What may make a run's own counts others. */
  warnings: string[];
}

/**
 * The counts of Amazon Berkeley Objects as published: each image once, the first product type of an image counts. Labels
 * are merged, dropped and selected by the stage that does so in a run; same pictures are not merged and no boilerplate is
 * dropped, which makes a run's counts smaller.
 * @throws {PipelineError} `USAGE` for an attribute whose counts nobody published.
 */
export async function publishedCounts(recipe: Recipe): Promise<Counts> {
  const counts = new Map<string, TaskCounts>();
  for (const task of Object.keys(recipe.tasks)) counts.set(task, await countsOfTypes(recipe, task));
  return { photos: ABO.images, listings: ABO.listings, tasks: counts, warnings: [] };
}

const ATTRIBUTE = 'product_type';

async function countsOfTypes(recipe: Recipe, task: string): Promise<TaskCounts> {
  const { model: _, training: __, places, tree, ...labels }: TaskRecipe = recipe.tasks[task]!;
  if ((labels.attribute ?? task) !== ATTRIBUTE || typeof tree === 'string') {
    throw new PipelineError(
      'USAGE',
      `Expected a task of ${ATTRIBUTE} but received ${task}, whose counts nobody published`,
      {
        key: task,
        hint: 'Curate a dump (pipeline curate), and plan by what that run found: --run RUN.',
      },
    );
  }
  const stage = label({ task, ...labels, ...(tree !== undefined && { tree: withPlaces(tree, places) }) });
  const sizes = new Map<string, { photos: number; assumed: boolean; first: LabelledPhoto }>();
  for await (const photo of runStage(stage, iterate(photosOfTypes()), createContext())) {
    const size = sizes.get(photo.label) ?? { photos: 0, assumed: false, first: photo };
    size.photos += 1;
    size.assumed ||= photo.imageId.startsWith(ASSUMED);
    sizes.set(photo.label, size);
  }
  const all = [...sizes.values()];
  const before = all.reduce((sum, { photos }) => sum + photos, 0);
  const { cap = Number.POSITIVE_INFINITY } = labels;
  const samples = all.reduce((sum, { photos }) => sum + Math.min(photos, cap), 0);
  const { validation, test } = recipe.split;
  const splits = {
    validation: Math.round(samples * validation),
    test: Math.round(samples * test),
  };
  return {
    classes: sizes.size,
    before,
    samples,
    splits: { train: samples - splits.validation - splits.test, ...splits },
    levels: upperLevels(
      all.map(({ first }) => first),
      [...sizes.keys()].sort(),
    ),
    basis: all.some(({ assumed }) => assumed) ? 'assumed' : 'published',
  };
}

const ASSUMED = 'assumed-';

/** One record an image, with what the label stage reads of it. */
function* photosOfTypes(): Generator<Photo> {
  let number = 0;
  for (const { name, known, images } of typeCounts()) {
    const attributes = name === undefined ? {} : { [ATTRIBUTE]: name };
    for (let image = 0; image < images; image++) {
      const imageId = `${known ? '' : ASSUMED}${number}`;
      number += 1;
      yield {
        imageId,
        path: imageId,
        file: imageId,
        width: 1,
        height: 1,
        sha256: '',
        role: 'main',
        views: [],
        images: [imageId],
        items: [],
        attributes,
        component: imageId,
      };
    }
  }
}

/** Photos of the sides that are not trained on. */
export function measuredSides(splits: TaskCounts['splits']): number {
  return SIDES.reduce((sum, side) => sum + (side === 'train' ? 0 : splits[side]), 0);
}
