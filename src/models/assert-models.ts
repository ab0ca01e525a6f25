import type { Recipe } from '../recipe.js';
import { assertBranches } from './branches.js';
import { assertKernels } from './kernel/recipe.js';
import { assertPhases } from './networks/index.js';
import { assertTrunk } from './trunk.js';

/**
 * Looks whether a recipe's models can be built and trained as it says, before anything is done.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertModels(recipe: Recipe): void {
  assertPhases(recipe);
  assertBranches(recipe);
  assertKernels(recipe);
  assertTrunk(recipe);
}
