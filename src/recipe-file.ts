import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { PipelineError } from './errors.js';
import { type Recipe, recipeSchema } from './recipe.js';
import { describeIssues } from './zod-issues.js';

/**
 * Reads a recipe and applies `--set PATH=VALUE` overrides (values are YAML; list items by index, as in
 * `model.phases.0.learningRate=0.01`).
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
  return parseRecipe(text, overrides, file);
}

/** As `loadRecipe`, from text. */
export function parseRecipe(text: string, overrides: readonly string[] = [], file = 'recipe'): Recipe {
  let value = yamlValue(text, file);
  for (const override of overrides) value = applyOverride(value, override);
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
    throw new PipelineError('RECIPE_INVALID', `Expected YAML without aliases in ${where}`, { cause: error });
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
    const entries = new Map<string, unknown>(
      typeof node === 'object' && node !== null ? Object.entries(node) : [],
    );
    // A key that is there keeps its place: the first task is the one that proportions are kept for.
    return Object.fromEntries(entries.set(key, replace(entries.get(key), depth + 1)));
  };
  return replace(value, 0);
}
