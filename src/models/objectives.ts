import type { ModelRecipe } from '../recipe.js';
import { type UpperLevel, withBranches } from './levels.js';

/** What one of a classifier's outputs learns. */
export interface Objective {
  /** By a sample's class: the class that this output should name, −1 for none; absent: the sample's own. */
  of?: readonly number[];
  /** What its cross-entropy counts in the loss, ≥ 0. */
  weight: number;
  /** Of an output of a shared trunk; absent: the epoch's for the last output, none for others. */
  labelSmoothing?: number;
  classWeights?: Float32Array;
}

/** What a classifier without branches learns. */
export const MAIN: Objective = { weight: 1 };

/**
 * What a classifier's outputs learn in an epoch: its branches the groups of the tree, its last output the classes. Their
 * weights change with the epochs as the recipe says; where it says nothing, each counts 1.
 * @param epoch counted from 1 over all phases.
 */
export function objectivesAt(
  { branches, lossWeights }: ModelRecipe,
  levels: readonly UpperLevel[],
  epoch: number,
): Objective[] {
  const weights = weightsAt(lossWeights, epoch);
  const branched = withBranches(levels, branches);
  return [
    ...branched.map(({ of }, index) => ({ of, weight: weights?.[index] ?? 1 })),
    { weight: weights?.[branched.length] ?? 1 },
  ];
}

/**
 * The same with weights that are the means over the epochs of a phase.
 * @param index of the phase
 */
export function objectivesOfPhase(
  model: ModelRecipe,
  levels: readonly UpperLevel[],
  index: number,
): Objective[] {
  const before = model.phases.slice(0, index).reduce((sum, { epochs }) => sum + epochs, 0);
  const { epochs } = model.phases[index]!;
  const byEpoch = Array.from({ length: epochs }, (_, at) => objectivesAt(model, levels, before + at + 1));
  return byEpoch[0]!.map((objective, output) => ({
    ...objective,
    weight: byEpoch.reduce((sum, objectives) => sum + objectives[output]!.weight, 0) / epochs,
  }));
}

/** The weights of an epoch: each entry holds for its epochs, one after the other, the last one from then on. */
export function weightsAt(lossWeights: ModelRecipe['lossWeights'], epoch: number): number[] | undefined {
  let last = 0;
  const entry = lossWeights?.find(({ epochs }) => {
    last += epochs;
    return epoch <= last;
  });
  return (entry ?? lossWeights?.at(-1))?.weights;
}
