import { best, chooseValues, type LanguagePreference } from '../attributes.js';
import { labelReader } from '../labels/reader.js';
import { placesIn, TREE_OF_NODES, withPlaces } from '../labels/tree/tree.js';
import type { TaskRecipe } from '../recipe.js';
import type { Attributes } from '../records.js';

/** How listings state what a task predicts: the part of its recipe that makes labels of values. */
export type LabelRules = Pick<
  TaskRecipe,
  'attribute' | 'normalise' | 'merge' | 'tree' | 'places' | 'level'
> & { language?: LanguagePreference };

/** What a listing says of a task. */
export interface Stated {
  /** As one of the task's classes where it is one, else as the listing has it. */
  value: string;
  /** The class that it is; absent where it is none of the model's. */
  className?: string;
}

/**
 * Reads a listing's value as the task's label, one listing at a time: what only all values together can tell, as quantiles, is
 * read as it stands.
 * @returns of attributes what they state; undefined where they state nothing.
 */
export function statedReader(
  task: string,
  { attribute = task, normalise, merge, tree, places, level = 'fine', language }: LabelRules,
  classes: readonly string[],
): (attributes: Attributes) => Stated | undefined {
  const byValues = normalise?.kind === 'bins' && normalise.edges === undefined;
  const reader = labelReader(byValues ? undefined : normalise, []);
  const { keyOf } = reader;
  const merged = new Map(Object.entries(merge).map(([from, into]) => [keyOf(from), into]));
  const names = new Map(classes.map((name) => [keyOf(name), name]));
  const placeOf =
    tree === undefined || tree === TREE_OF_NODES
      ? undefined
      : placesIn(withPlaces(tree, places, keyOf), keyOf);
  return (attributes) => {
    const own = Object.hasOwn(attributes, attribute) ? attributes[attribute]! : [];
    if (best(own, language) === undefined) return undefined;
    const { values, details } = chooseValues({ [attribute]: own }, language);
    const value = values[attribute];
    if (value === undefined || keyOf(value) === '') return undefined;
    const into = merged.get(keyOf(value));
    const reading = into === undefined ? reader.read({ value, ...details[attribute] }) : { label: into };
    if ('fault' in reading) return { value };
    const label = merged.get(keyOf(reading.label)) ?? reading.label;
    const className = names.get(keyOf(placeOf?.(label)?.[level] ?? label));
    return className === undefined ? { value: label } : { value: className, className };
  };
}
