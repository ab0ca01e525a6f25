import { recipeJsonSchema } from './recipe.js';
import { hasKeys } from './yaml-value.js';

/** What a recipe may have at one place. */
export interface RecipePlace {
  /** Keys that may stand there, each with what the schema says of it. */
  keys: ReadonlyMap<string, string>;
  /** Words that may stand there, where it is one of a few. */
  values: readonly string[];
}

/**
 * What a recipe may have at a path such as `model.phases.0`, by its schema: of several kinds of the same thing the keys
 * and values of all. Empty where the schema knows no such place or any key may stand there.
 */
export function recipePlace(path: readonly PropertyKey[]): RecipePlace {
  const nodes = path.reduce<readonly Schema[]>(
    (parents, key) => parents.flatMap((parent) => childrenOf(parent, key)),
    variantsOf(recipeJsonSchema()),
  );
  const keys = new Map<string, string>();
  for (const { properties } of nodes) {
    if (!hasKeys(properties)) continue;
    for (const [key, child] of Object.entries(properties)) keys.set(key, descriptionOf(child));
  }
  return { keys, values: [...new Set(nodes.flatMap(wordsOf))] };
}

/** A JSON Schema. */
type Schema = Record<string, unknown>;

/** A schema and all that it is any of; a reference to itself has no end, and none of its own. */
function variantsOf(node: unknown): readonly Schema[] {
  if (!hasKeys(node)) return [];
  const more = ['anyOf', 'oneOf', 'allOf'].flatMap((name) => node[name] ?? []);
  return [node, ...more.flatMap(variantsOf)];
}

function childrenOf(
  { properties, additionalProperties, items }: Schema,
  key: PropertyKey,
): readonly Schema[] {
  const name = String(key);
  if (/^\d+$/.test(name) && items !== undefined) return variantsOf(items);
  if (hasKeys(properties) && Object.hasOwn(properties, name)) return variantsOf(properties[name]);
  return variantsOf(additionalProperties);
}

function wordsOf({ enum: words, const: word, type }: Schema): string[] {
  if (type === 'boolean') return ['true', 'false'];
  return [...(Array.isArray(words) ? words : []), ...(word === undefined ? [] : [word])].map(String);
}

function descriptionOf(node: unknown): string {
  return hasKeys(node) && typeof node['description'] === 'string' ? node['description'] : '';
}
