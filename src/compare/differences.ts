import { canonicalJson } from '../canonical-json.js';

/** One value that two recipes have otherwise. */
export interface Difference {
  /** As `--set` takes it: `model.phases.0.learningRate`. */
  path: string;
  /** Absent where a recipe does not have it. */
  first?: unknown;
  second?: unknown;
}

/** Keys that say what a recipe is called, not what it does. */
const NAMES = new Set(['name', 'description']);

/** Where two recipes differ, value by value, in the order of the paths. */
export function recipeDifferences(first: unknown, second: unknown): Difference[] {
  return differences(first, second, []).filter(({ path }) => !NAMES.has(path));
}

function differences(first: unknown, second: unknown, path: readonly string[]): Difference[] {
  const [a, b] = [entriesOf(first), entriesOf(second)];
  if (a !== undefined && b !== undefined && Array.isArray(first) === Array.isArray(second)) {
    const keys = [...new Set([...a.keys(), ...b.keys()])].sort();
    return keys.flatMap((key) => differences(a.get(key), b.get(key), [...path, key]));
  }
  if (first !== undefined && second !== undefined && canonicalJson(first) === canonicalJson(second))
    return [];
  if (first === second) return [];
  return [
    {
      path: path.join('.'),
      ...(first !== undefined && { first }),
      ...(second !== undefined && { second }),
    },
  ];
}

function entriesOf(value: unknown): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map(Object.entries(value));
}
