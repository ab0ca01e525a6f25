import { PipelineError } from '../../errors.js';
import { modelOf, type Recipe } from '../../recipe.js';

/**
 * Looks whether the kernel heads of a recipe stand alone, before anything is done: they are solved, not trained by steps.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertKernels(recipe: Recipe): void {
  for (const [name, task] of Object.entries(recipe.tasks)) {
    const { head, phases, branches } = modelOf(recipe, name);
    if (head.kernel === undefined) continue;
    const { units, dropout, labelSmoothing, l2 } = head;
    const problem =
      phases.length > 1 || phases[0]!.train !== 'head'
        ? 'one phase that trains the head'
        : units.length > 0 || dropout > 0 || labelSmoothing > 0 || l2 !== undefined
          ? 'no units, dropout, labelSmoothing or l2'
          : branches !== undefined
            ? 'no branches'
            : task.training !== undefined
              ? `no tasks.${name}.training`
              : undefined;
    if (problem === undefined) continue;
    throw new PipelineError('RECIPE_INVALID', `model.head.kernel: Expected ${problem} beside it`, {
      key: name,
      hint: 'A kernel head is solved at once, on features of a base that stays as it is.',
    });
  }
}
