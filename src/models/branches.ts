import { PipelineError } from '../errors.js';
import { LEVELS } from '../labels/tree/tree.js';
import { type ModelRecipe, modelOf, type Recipe } from '../recipe.js';
import { branchLevels } from './levels.js';
import { assertLayer, networks } from './networks/index.js';

/**
 * Looks whether the heads and branches of a recipe find the layers that they name and branches a tree to learn, and whether
 * the losses' weights are as many as its outputs, before anything is done.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function assertBranches(recipe: Recipe): void {
  for (const [task, { tree, level = 'fine' }] of Object.entries(recipe.tasks)) {
    const model = modelOf(recipe, task);
    const own = recipe.tasks[task]?.model;
    for (const layer of model.head.layers ?? []) {
      const section = own?.head?.layers === undefined ? '' : `tasks.${task}.`;
      assertLayer(networks[model.network], layer, `${section}model.head.layers`);
    }
    const where = (key: 'branches' | 'lossWeights') =>
      `${own?.[key] === undefined ? '' : `tasks.${task}.`}model.${key}`;
    for (const branch of branchLevels(model.branches)) {
      const { after } = model.branches![branch]!;
      assertLayer(networks[model.network], after, `${where('branches')}.${branch}.after`);
      if (tree !== undefined && LEVELS.indexOf(branch) < LEVELS.indexOf(level)) continue;
      throw new PipelineError(
        'RECIPE_INVALID',
        `${where('branches')}.${branch}: Expected a tree with ${branch} groups above the labels of ${task} but received ${tree === undefined ? 'no tree' : `labels of the ${level} level`}`,
        { hint: `Branches learn the groups of a tree: tasks.${task}.tree names one.` },
      );
    }
    assertWeights(model, where('lossWeights'));
  }
}

function assertWeights({ branches, lossWeights = [] }: ModelRecipe, where: string): void {
  const outputs = branchLevels(branches).length + 1;
  for (const [index, { weights }] of lossWeights.entries()) {
    if (outputs > 1 && weights.length === outputs) continue;
    const expected =
      outputs === 1 ? 'them only beside branches' : `${outputs}, of each branch and of the classes,`;
    throw new PipelineError(
      'RECIPE_INVALID',
      `${where}.${index}.weights: Expected ${expected} but received ${weights.length}`,
    );
  }
}
