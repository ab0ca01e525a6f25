import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { PipelineError } from './errors.js';
import { type CategoryTree, TREE_OF_NODES, treeSchema } from './labels/tree/tree.js';
import { type Recipe, recipeSchema } from './recipe.js';
import { describeIssues } from './zod-issues.js';

/**
 * Reads a recipe and applies `--set PATH=VALUE` overrides (values are YAML; list items by index, as in
 * `model.phases.0.learningRate=0.01`). A task's `tree` that names a file is taken from there, relative to the recipe,
 * so that the recipe says, and hashes, what is in it.
 * @throws {PipelineError} `RECIPE_INVALID` with the path, what was expected and what was received.
 */
export async function loadRecipe(file: string, overrides: readonly string[] = []): Promise<Recipe> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new PipelineError('RECIPE_INVALID', `Expected a readable recipe at ${file}`, {
      hint: 'Recipes that come with the product are in its recipes/ folder.',
      cause: error,
    });
  }
  return valid(await withTrees(overridden(text, overrides, file), dirname(file)), file);
}

/** As `loadRecipe`, from text, which can name no files. */
export function parseRecipe(text: string, overrides: readonly string[] = [], file = 'recipe'): Recipe {
  return valid(overridden(text, overrides, file), file);
}

function overridden(text: string, overrides: readonly string[], file: string): unknown {
  return overrides.reduce(applyOverride, yamlValue(text, file));
}

/** The recipe with the trees that its tasks name as files. */
async function withTrees(recipe: unknown, folder: string): Promise<unknown> {
  if (!isObject(recipe) || !isObject(recipe['tasks'])) return recipe;
  const { tasks } = recipe as { tasks: Record<string, unknown> };
  const read = async ([name, task]: [string, unknown]): Promise<[string, unknown]> => {
    if (!isObject(task) || typeof task['tree'] !== 'string' || task['tree'] === TREE_OF_NODES)
      return [name, task];
    return [name, { ...task, tree: await treeIn(resolve(folder, task['tree']), `tasks.${name}.tree`) }];
  };
  return { ...recipe, tasks: Object.fromEntries(await Promise.all(Object.entries(tasks).map(read))) };
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valid(value: unknown, file: string): Recipe {
  const result = recipeSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = describeIssues(result.error.issues);
  throw new PipelineError('RECIPE_INVALID', [`${file} is not a valid recipe`, ...problems].join('\n  '), {
    hint: '`pipeline schema` prints the JSON Schema of recipes.',
  });
}

/** YAML as plain data: without aliases, which could make it endless. */
function yamlValue(text: string, where: string): unknown {
  try {
    return parseYaml(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new PipelineError('RECIPE_INVALID', `Expected YAML (without aliases) in ${where}`, {
      cause: error,
    });
  }
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
    const entries = new Map<string, unknown>(isObject(node) ? Object.entries(node) : []);
    // A key that is there keeps its place: the first task is the one that proportions are kept for.
    return Object.fromEntries(entries.set(key, replace(entries.get(key), depth + 1)));
  };
  return replace(value, 0);
}
