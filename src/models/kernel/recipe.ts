import { mixes } from '../../augment/mix.js';
import { PipelineError } from '../../errors.js';
import { type ModelRecipe, modelOf, type Recipe } from '../../recipe.js';
import type { Sample } from '../../records.js';

/** The kernel matrix of more takes too much memory (8 bytes times its square) and time. */
export const MOST_ROWS = 10_000;

/**
 * Looks whether the kernel heads of a recipe stand alone, before anything is done: they are solved, not trained by steps.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertKernels(recipe: Recipe): void {
  for (const [name, task] of Object.entries(recipe.tasks)) {
    const { head, phases, branches } = modelOf(recipe, name);
    if (head.kernel === undefined) continue;
    const { units, dropout, labelSmoothing, l2 } = head;
    const { epochs, schedule, patience, restore } = phases[0]!;
    const { augmentation, cache } = recipe;
    const problem =
      phases.length > 1 || phases[0]!.train !== 'head'
        ? 'one phase that trains the head'
        : units.length > 0 || dropout > 0 || labelSmoothing > 0 || l2 !== undefined
          ? 'no units, dropout, labelSmoothing or l2'
          : branches !== undefined
            ? 'no branches'
            : task.training !== undefined
              ? `no tasks.${name}.training`
              : epochs > 1 || schedule !== undefined || patience !== undefined || restore !== undefined
                ? 'one epoch and no schedule, patience or restore'
                : augmentation !== undefined && mixes(augmentation)
                  ? 'no mixup or cutmix'
                  : augmentation !== undefined && (cache.augmentedCopies ?? 0) === 0
                    ? 'cache.augmentedCopies or no augmentation'
                    : undefined;
    if (problem === undefined) continue;
    throw new PipelineError('RECIPE_INVALID', `model.head.kernel: Expected ${problem} beside it`, {
      key: name,
      hint: 'A kernel head is solved at once, on features of a base that stays as it is.',
    });
  }
}

/** Rows that a kernel head would be solved on: the train side, with its stored views and mirror images. */
export function kernelRows(
  { mirror }: Pick<ModelRecipe, 'mirror'>,
  samples: readonly Pick<Sample, 'split'>[],
  views: number,
): number {
  const photos = samples.filter(({ split }) => split === 'train').length;
  return photos * Math.max(1, views) * (mirror ? 2 : 1);
}

/**
 * Looks whether a kernel head can be solved on so many rows, before features are computed.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertKernelRows(rows: number, task: string): void {
  if (rows <= MOST_ROWS) return;
  throw new PipelineError(
    'RECIPE_INVALID',
    `model.head.kernel: Expected at most ${MOST_ROWS} rows of training but received ${rows}`,
    { key: task, hint: 'Lower the cap, leave out views, or train Dense layers: model.head.units.' },
  );
}
