import { PipelineError } from '../errors.js';
import { uniform } from '../random.js';
import { type BroadAdvice, broadClasses } from './broad.js';
import { type ConfidentJoint, confidencesOf, confidentJoint } from './confident.js';
import { kernelMatrix } from './kernel.js';
import { type LookFirst, photosToLookAt } from './look-first.js';
import { classesToMerge, type MergeAdvice, mergeRules } from './merges.js';
import { type Mislabelled, mislabelledPhotos } from './mislabelled.js';
import { classesBeside, nearestPhotos } from './neighbours.js';
import { outOfFold } from './out-of-fold.js';
import { exactSmoother, landmarkSmoother } from './smoother.js';
import { supportOf } from './support.js';
import type { TrainSide } from './train-side.js';

/** The kernel matrix of more photos takes too much memory (8 bytes times its square) and time. */
const MOST_ROWS = 6000;
/** Of more photos at most so many stand for all … */
const MOST_LANDMARKS = 2048;
/** … and of very many fewer, so that their matrix takes no more than 0.8 GB. */
const MOST_VALUES = 1e8;

/** What takes time: comparing all photos, then solving for their predictions out of fold. */
export type AdviseStep = 'compare' | 'solve';

/** What is advised about one task's labels, by its train side alone. */
export interface TaskAdvice {
  photos: number;
  classes: number;
  /** Folds: none of them divides a component. */
  components: number;
  /** Out of fold, by the labels as they are. */
  accuracy: number;
  /** How many photos stand for all, where these are too many. */
  landmarks?: number;
  /** How many photos of each label are of each class, as confident learning estimates it; pairs of at least one photo. */
  joint: { noise: number; pairs: { label: string; class: string; photos: number }[] };
  mislabelled: Mislabelled[];
  merge: MergeAdvice[];
  broad: BroadAdvice[];
  lookFirst: LookFirst[];
  /** What a recipe's `merge` would have. */
  rules: Record<string, string>;
}

/**
 * What a task's photos say of its labels.
 * @param options.seed of the landmarks' draw
 * @param options.look photos to look at first
 * @param options.mostRows of more photos some stand for all; default: 6,000
 * @throws {PipelineError} `TOO_FEW_SAMPLES` for less than two classes or components; `ABORTED`.
 */
export async function adviseTask(
  side: TrainSide,
  options: {
    seed: number;
    look: number;
    mostRows?: number;
    signal: AbortSignal;
    onRows?: (step: AdviseStep, done: number, total: number) => void;
  },
): Promise<TaskAdvice> {
  const { photos, labels, classes, groups } = side;
  if (classes.length < 2 || groups.length < 2) {
    throw new PipelineError(
      'TOO_FEW_SAMPLES',
      `Expected two classes and two components on the train side but found ${classes.length} and ${groups.length}`,
    );
  }
  const { signal, onRows, mostRows = MOST_ROWS } = options;
  const told = (step: AdviseStep) => ({
    signal,
    onRows: (done: number, total: number) => onRows?.(step, done, total),
  });
  const columns = photos.length > mostRows ? landmarksOf(side, options.seed) : undefined;
  const kernel = await kernelMatrix(side, { ...told('compare'), ...(columns && { columns }) });
  const components = photos.map(({ component }) => component);
  const neighbours = nearestPhotos(kernel, { components, columns });
  const smoother =
    columns === undefined
      ? await exactSmoother(kernel, photos.length, told('solve'))
      : await landmarkSmoother(kernel, columns, told('solve'));
  const own = { labels, classes: classes.length };
  const probabilities = await outOfFold(smoother, { ...own, groups, signal });
  const confidences = confidencesOf(probabilities, own);
  const supported = supportOf(probabilities, own);
  const support = confidencesOf(supported, own);
  const suggestedSupport = support.best.map((best, row) => supported[row * classes.length + best]!);
  const beside = classesBeside(neighbours, own);
  const merge = classesToMerge(side, { probabilities, confidences, beside });
  const sizes = new Map(classes.map((name) => [name, 0]));
  for (const { label } of photos) sizes.set(label, sizes.get(label)! + 1);
  return {
    photos: photos.length,
    classes: classes.length,
    components: groups.length,
    accuracy: confidences.best.filter((best, row) => best === labels[row]).length / photos.length,
    ...(columns && { landmarks: columns.length }),
    joint: namedJoint(confidentJoint(probabilities, own), classes),
    mislabelled: mislabelledPhotos(side, { support, suggestedSupport, confidences, neighbours }),
    merge,
    broad: broadClasses(side, { beside, neighbours, confidences }),
    lookFirst: photosToLookAt(side, { support, neighbours, count: options.look }),
    rules: mergeRules(merge, sizes),
  };
}

/** Photos drawn by their names: arrival order does not matter. */
function landmarksOf({ photos }: TrainSide, seed: number): Int32Array {
  const drawn = photos.map(({ imageId }, row) => ({ row, at: uniform(seed, 'landmarks', imageId) }));
  drawn.sort((a, b) => a.at - b.at || a.row - b.row);
  const count = Math.min(MOST_LANDMARKS, Math.floor(MOST_VALUES / photos.length));
  return Int32Array.from(drawn.slice(0, count), ({ row }) => row).sort();
}

function namedJoint({ counts, noise }: ConfidentJoint, classes: readonly string[]): TaskAdvice['joint'] {
  const pairs = counts.flatMap((row, label) =>
    row.flatMap((photos, k) =>
      k === label || photos < 1 ? [] : [{ label: classes[label]!, class: classes[k]!, photos }],
    ),
  );
  return { noise, pairs: pairs.sort((a, b) => b.photos - a.photos) };
}
