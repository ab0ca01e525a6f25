import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { meant } from './edit-distance.js';
import { PipelineError } from './errors.js';
import { type CategoryTree, treeSchema } from './labels/tree/tree.js';
import { type Recipe, recipeSchema } from './recipe.js';
import { recipePlace } from './recipe-keys.js';
import { readWithParents, withTreeFiles } from './recipe-parents.js';
import { hasKeys, yamlValue } from './yaml-value.js';
import { describeIssues } from './zod-issues.js';

/**
 * Reads a recipe, laid over the one that it extends, and applies `--set PATH=VALUE` overrides (values are YAML; list items
 * by index, as in `model.phases.0.learningRate=0.01`; null takes a key away). A task's `tree` that names a file is taken from there, relative to the recipe,
 * so that the recipe says, and hashes, what is in it.
 * @throws {PipelineError} `RECIPE_INVALID` with the path, what was expected and what was received.
 */
export async function loadRecipe(file: string, overrides: readonly string[] = []): Promise<Recipe> {
  const value = overrides.reduce(applyOverride, await readWithParents(file));
  const read = (tree: string, task: string) => treeIn(resolve(dirname(file), tree), `tasks.${task}.tree`);
  return valid(await withTreeFiles(value, read), file);
}

/** As `loadRecipe`, from text, which can name no files. */
export function parseRecipe(text: string, overrides: readonly string[] = [], file = 'recipe'): Recipe {
  return valid(overrides.reduce(applyOverride, yamlValue(text, file)), file);
}

/**
 * The recipe with some of its tasks alone, in its own order: the first is the one that the sides keep proportions for.
 * @throws {PipelineError} `USAGE` for a task that it does not have.
 */
export function onlyTasks(recipe: Recipe, tasks: readonly string[]): Recipe {
  const all = Object.keys(recipe.tasks);
  const unknown = tasks.find((task) => !all.includes(task));
  if (unknown !== undefined) {
    throw new PipelineError(
      'USAGE',
      `Expected a task of the recipe but received "${unknown}"${meant(unknown, all)}`,
      {
        hint: `Its tasks are ${all.join(', ')}. recipes/three-tasks.yaml has product_type, color and brand.`,
      },
    );
  }
  return {
    ...recipe,
    tasks: Object.fromEntries(Object.entries(recipe.tasks).filter(([task]) => tasks.includes(task))),
  };
}

/**
 * Reads a category tree.
 * @throws {PipelineError} `RECIPE_INVALID` with what was expected and what was received.
 */
export async function loadTree(file: string): Promise<CategoryTree> {
  const result = treeSchema.safeParse(await treeIn(file, 'tree'), { reportInput: true });
  if (result.success) return result.data;
  const problems = describeIssues(result.error.issues);
  throw new PipelineError('RECIPE_INVALID', [`${file} is not a valid tree`, ...problems].join('\n  '), {
    hint: 'A tree is COARSE: { MIDDLE: [CLASS, …] } with each name once in its level.',
  });
}

async function treeIn(file: string, where: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new PipelineError('RECIPE_INVALID', `${where}: Expected a readable tree at ${file}`, {
      hint: 'In a recipe the path is relative to it; trees that come with the product are in its recipes/trees folder.',
      cause: error,
    });
  });
  return yamlValue(text, file);
}

function valid(value: unknown, file: string): Recipe {
  const result = recipeSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = describeIssues(result.error.issues, (path) => recipePlace(path).keys.keys());
  throw new PipelineError('RECIPE_INVALID', [`${file} is not a valid recipe`, ...problems].join('\n  '), {
    hint: '`pipeline schema` prints the JSON Schema of recipes.',
  });
}

/** Returns the value with one `PATH=VALUE` applied; nothing is changed in place. */
function applyOverride(value: unknown, override: string): unknown {
  const equals = override.indexOf('=');
  if (equals < 1) {
    throw new PipelineError('USAGE', `Expected PATH=VALUE for --set but received "${override}"`, {
      hint: 'For example: --set model.phases.0.learningRate=0.01',
    });
  }
  const path = override.slice(0, equals).split('.');
  if (path[0] === 'extends') {
    throw new PipelineError(
      'RECIPE_INVALID',
      'extends: Expected no override of what the recipe is laid over',
      {
        hint: 'Write a recipe that extends the other one, and name it instead.',
      },
    );
  }
  if (path.includes('__proto__')) {
    throw new PipelineError(
      'RECIPE_INVALID',
      `${path.join('.')}: Expected no such key but received "__proto__"`,
    );
  }
  const replace = (node: unknown, depth: number): unknown => {
    if (depth === path.length) return yamlValue(override.slice(equals + 1), `--set ${override}`);
    const key = path[depth]!;
    if (Array.isArray(node)) {
      const index = Number(key);
      if (!Number.isInteger(index) || index < 0 || index > node.length) {
        throw new PipelineError(
          'RECIPE_INVALID',
          `${path.slice(0, depth + 1).join('.')}: Expected an index in 0..${node.length} but received "${key}"`,
        );
      }
      return Object.assign([...node], { [index]: replace(node[index], depth + 1) });
    }
    const entries = new Map<string, unknown>(hasKeys(node) ? Object.entries(node) : []);
    const own = replace(entries.get(key), depth + 1);
    // As in a recipe that extends another.
    if (own === null) entries.delete(key);
    // A key that is there keeps its place: the first task is the one that proportions are kept for.
    else entries.set(key, own);
    return Object.fromEntries(entries);
  };
  return replace(value, 0);
}
