import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { PipelineError } from './errors.js';
import { TREE_OF_NODES } from './labels/tree/tree.js';
import { hasKeys, yamlValue } from './yaml-value.js';

/**
 * Reads a recipe's values, laid over those of the recipe that its `extends` names, relative to it, and so on. Files of
 * trees are named from the root, since each recipe names them from where it is.
 * @param children the recipes that are being read, each the parent of the one before.
 * @throws {PipelineError} `RECIPE_INVALID` where a file cannot be read, is no YAML, or extends itself.
 */
export async function readWithParents(file: string, children: readonly string[] = []): Promise<unknown> {
  const value = yamlValue(await textOf(file, children.at(-1)), file);
  if (!hasKeys(value)) return value;
  const { extends: parent, ...own } = value;
  // Each recipe names files from where it is.
  const placed = await withTreeFiles(own, async (tree) => resolve(dirname(file), tree));
  if (parent === undefined) return placed;
  if (typeof parent !== 'string') {
    throw new PipelineError(
      'RECIPE_INVALID',
      `extends: Expected the file of a recipe but received ${JSON.stringify(parent)}`,
    );
  }
  const line = [...children, resolve(file)];
  const next = resolve(dirname(file), parent);
  if (line.includes(next)) {
    const names = [...line.slice(line.indexOf(next)), next].map((path) => relative(dirname(file), path));
    throw new PipelineError(
      'RECIPE_INVALID',
      `extends: Expected recipes that end but received ${names.join(' → ')}`,
      { hint: 'Take `extends` out of one of them.' },
    );
  }
  return laidOver(await readWithParents(next, line), placed);
}

async function textOf(file: string, child: string | undefined): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const where = child === undefined ? '' : `extends of ${child}: `;
    throw new PipelineError('RECIPE_INVALID', `${where}Expected a readable recipe at ${file}`, {
      hint: 'Recipes that come with the product are in its recipes/ folder.',
      cause: error,
    });
  }
}

/**
 * A child's values over its parent's, key by key as JSON Merge Patch (RFC 7396) has it: what has keys is merged, all
 * else replaced, lists too, and null takes a key away. Keys keep the parent's order: the first task is the one that
 * proportions are kept for.
 */
function laidOver(parent: unknown, child: unknown): unknown {
  if (!hasKeys(child)) return child;
  const merged = new Map(hasKeys(parent) ? Object.entries(parent) : []);
  for (const [key, value] of Object.entries(child)) {
    if (value === null) merged.delete(key);
    else merged.set(key, laidOver(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** A recipe's values with something else for each tree that a task names as a file. */
export async function withTreeFiles(
  recipe: unknown,
  instead: (file: string, task: string) => Promise<unknown>,
): Promise<unknown> {
  if (!hasKeys(recipe) || !hasKeys(recipe['tasks'])) return recipe;
  const replaced = async ([name, task]: [string, unknown]): Promise<[string, unknown]> => {
    if (!hasKeys(task) || typeof task['tree'] !== 'string' || task['tree'] === TREE_OF_NODES)
      return [name, task];
    return [name, { ...task, tree: await instead(task['tree'], name) }];
  };
  const tasks = await Promise.all(Object.entries(recipe['tasks']).map(replaced));
  return { ...recipe, tasks: Object.fromEntries(tasks) };
}
