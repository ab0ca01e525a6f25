import type { Exploration } from '../../explore/exploration.js';
import type { TreeFigures } from '../../labels/tree/figures.js';
import type { Recipe } from '../../recipe.js';
import { type Sample, SIDES, type Side } from '../../records.js';
import type { EvaluationResult, ExplainedPhoto, Mistake, ScoredPhoto, TrainResult } from '../../results.js';
import type { Summary, Unmapped } from '../../summary.js';
import type { LedgerSummary } from '../ledger.js';
import type { DuplicatesReport } from './duplicates.js';

/** Everything that a report shows. Plain data: the same data give the same file. */
export interface ReportData {
  summary: Summary;
  /** The recipe's `source.kind`: ABO's attribution is shown for `abo`, unless the photos are drawn. */
  sourceKind: string;
  /** What the dump holds; absent where samples were given and no dump was read, as are its duplicates. */
  exploration?: Exploration;
  duplicates?: DuplicatesReport;
  ledger: readonly LedgerSummary[];
  /** Where training photos are augmented: some of them. */
  augmentation?: AugmentationReport;
  provenance: Provenance;
  /** In the recipe's order. */
  tasks: readonly TaskReport[];
}

/** A contact sheet: photos and after each its augmented views. */
export interface AugmentationReport {
  jpeg: Uint8Array;
  /** Of the sheet, in pixels. */
  height: number;
  width: number;
  photos: number;
  views: number;
  /** The recipe's section, as JSON. */
  recipe: string;
}

/** What made the run, and how to make it again. */
export interface Provenance {
  /** The whole recipe, defaults included. */
  recipe: Recipe;
  /** Names and versions of what computed it. */
  versions: readonly (readonly [string, string])[];
  /** The command that makes the run again, in a shell in its folder. */
  command: string;
}

export interface TaskReport {
  name: string;
  /** In the classes' order. */
  classes: readonly ClassReport[];
  /** Where the recipe normalises values: those that had no label. */
  unmapped?: Unmapped;
  /** Where the recipe names a category tree: what the listings' nodes say of it. */
  tree?: TreeFigures;
  train: TrainResult;
  evaluation: Omit<EvaluationResult, 'mistakes' | 'right' | 'explained'> & {
    mistakes: readonly ReportMistake[];
    right: readonly (ScoredPhoto & ReportPhoto)[];
    explained: readonly ReportExplained[];
  };
}

/** One class before and after the cap. */
export interface ClassReport {
  label: string;
  /** Photos after labelling, before the cap; absent where samples were given. */
  natural?: number;
  /** Samples on each side. */
  sides: Readonly<Record<Side, number>>;
  /** A few photos to look at, the best first: a report with many classes shows fewer of them. */
  photos: readonly ReportPhoto[];
}

export interface ReportPhoto {
  /** Relative to `images/small`, as it is shown. */
  path: string;
  /** Absolute, as it is read. */
  file: string;
}

export type ReportMistake = Mistake & ReportPhoto;

/** A photo as a cache holds it: [height × width × 3], RGB. */
export interface Pixels {
  height: number;
  width: number;
  values: Uint8Array;
}

/** Pixels are absent where the cache has lost the photo. */
export type ReportExplained = ExplainedPhoto & { pixels?: Pixels };

/** Photos a class that a report shows at most. */
export const PHOTOS_PER_CLASS = 6;

/**
 * Gathers what the report shows of one task.
 * @param options.natural photos a class before the cap, as curation counted them.
 * @param options.fileOf the place of a photo's `path`.
 * @param options.pixelsOf the photo as the model saw it.
 */
export function taskReport(options: {
  name: string;
  samples: Iterable<Sample>;
  natural?: Readonly<Record<string, number>>;
  unmapped?: Unmapped;
  tree?: TreeFigures;
  train: TrainResult;
  evaluation: EvaluationResult;
  fileOf: (path: string) => string;
  pixelsOf?: (path: string) => Pixels | undefined;
}): TaskReport {
  const { name, samples, natural, unmapped, tree, train, evaluation, fileOf, pixelsOf } = options;
  const placed = <T extends ScoredPhoto>(photo: T) => ({ ...photo, file: fileOf(photo.path) });
  return {
    name,
    classes: classReports(samples, natural),
    ...(unmapped && { unmapped }),
    ...(tree && { tree }),
    train,
    evaluation: {
      ...evaluation,
      mistakes: evaluation.mistakes.map(placed),
      right: evaluation.right.map(placed),
      explained: evaluation.explained.map((photo) => {
        const pixels = pixelsOf?.(photo.path);
        return { ...photo, ...(pixels && { pixels }) };
      }),
    },
  };
}

/** Each class's counts and a few of its photos, in the order of the labels' UTF-16 code units. */
export function classReports(
  samples: Iterable<Sample>,
  natural?: Readonly<Record<string, number>>,
): ClassReport[] {
  const byLabel = new Map<string, Sample[]>();
  for (const sample of samples) {
    const group = byLabel.get(sample.label);
    if (group === undefined) byLabel.set(sample.label, [sample]);
    else group.push(sample);
  }
  const ordered = [...byLabel].sort(([a], [b]) => (a < b ? -1 : 1));
  return ordered.map(([label, group]) => ({
    label,
    ...(natural !== undefined && Object.hasOwn(natural, label) && { natural: natural[label]! }),
    sides: Object.fromEntries(
      SIDES.map((side) => [side, group.filter(({ split }) => split === side).length]),
    ) as Record<Side, number>,
    photos: variedPhotos(group),
  }));
}

/** One photo a component first, drawn by hash: variants of one shot would show little of a class. */
function variedPhotos(samples: readonly Sample[]): ReportPhoto[] {
  const drawn = [...samples].sort((a, b) => compare(a.sha256, b.sha256) || compare(a.imageId, b.imageId));
  const seen = new Set<string>();
  const firsts: Sample[] = [];
  const others: Sample[] = [];
  for (const sample of drawn) {
    (seen.has(sample.component) ? others : firsts).push(sample);
    seen.add(sample.component);
  }
  return [...firsts, ...others].slice(0, PHOTOS_PER_CLASS).map(({ path, file }) => ({ path, file }));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
