import { PipelineError } from '../errors.js';
import { LEVELS } from '../labels/tree/tree.js';
import type { ModelRecipe } from '../recipe.js';
import type { Level, Sample } from '../records.js';
import type { BranchOptions } from './classifier.js';

/** The levels that a branch can predict, the coarsest first. */
export const BRANCH_LEVELS = ['coarse', 'middle'] as const;
export type BranchLevel = (typeof BRANCH_LEVELS)[number];

/** A level of the category tree above a task's classes. */
export interface UpperLevel {
  level: BranchLevel;
  /** Its groups, sorted as classes are: by UTF-16 code units. */
  classes: string[];
  /** By class: the place of its group among them. Each class stands in one group. */
  of: number[];
}

/**
 * The levels above a task's classes, the coarsest first; none where its samples have no place in a tree.
 * @param samples of all sides
 * @param classes the samples' labels, each once
 */
export function upperLevels(
  samples: readonly Pick<Sample, 'label' | Level>[],
  classes: readonly string[],
): UpperLevel[] {
  const own = LEVELS.findLastIndex((level) => samples.every((sample) => sample[level] === sample.label));
  const of = new Map(samples.map((sample) => [sample.label, sample]));
  return BRANCH_LEVELS.slice(0, Math.max(0, own)).map((level) => {
    const names = classes.map((label) => of.get(label)![level]!);
    const groups = [...new Set(names)].sort();
    return { level, classes: groups, of: names.map((name) => groups.indexOf(name)) };
  });
}

/**
 * Those levels that a recipe's branches predict, the coarsest first.
 * @throws {PipelineError} `SAMPLES_INVALID` where the samples do not tell one of them.
 */
export function withBranches(levels: readonly UpperLevel[], branches: ModelRecipe['branches']): UpperLevel[] {
  return branchLevels(branches).map((level) => {
    const found = levels.find((one) => one.level === level);
    if (found !== undefined) return found;
    throw new PipelineError(
      'SAMPLES_INVALID',
      `Expected samples with their class’s ${level} group but found none above their labels`,
      { hint: 'Samples of a task with a tree carry coarse, middle and fine; given ones need them too.' },
    );
  });
}

/**
 * A recipe's branches as heads of a classifier, the coarsest first.
 * @throws {PipelineError} as `withBranches`.
 */
export function branchHeads(
  levels: readonly UpperLevel[],
  branches: ModelRecipe['branches'],
): BranchOptions[] {
  return withBranches(levels, branches).map(({ level, classes }) => ({
    ...branches![level]!,
    name: level,
    classes: classes.length,
  }));
}

/** The levels that a recipe's branches predict, the coarsest first. */
export function branchLevels(branches: ModelRecipe['branches']): BranchLevel[] {
  return BRANCH_LEVELS.filter((level) => branches?.[level] !== undefined);
}
