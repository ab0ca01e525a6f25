import { z } from 'zod';
import { matchKey } from '../../attributes.js';
import type { Level, TreePath } from '../../records.js';

/** Coarse groups of middle groups of classes. */
export type CategoryTree = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export const LEVELS: readonly Level[] = ['coarse', 'middle', 'fine'];

const name = z.string().trim().min(1);

/** A tree as a person writes it: each class once, each group's name once in its level. */
export const treeSchema = z
  .record(name, z.record(name, z.array(name).min(1)))
  .superRefine((tree, context) => {
    for (const level of LEVELS) {
      const twice = firstTwice(namesOf(tree, level));
      if (twice === undefined) continue;
      context.addIssue({ code: 'custom', input: twice, message: `each ${level} name once` });
    }
    if (Object.keys(tree).length === 0) {
      context.addIssue({ code: 'custom', input: tree, message: 'at least one group' });
    }
  })
  .describe('Coarse groups of middle groups of classes: COARSE: { MIDDLE: [CLASS, …] }.');

/** What a recipe writes instead of a tree: it is built from the nodes of the dump's listings. */
export const TREE_OF_NODES = 'nodes';

/** A task's tree in a recipe. */
export const taskTreeSchema = z
  .union(
    [
      z.literal(TREE_OF_NODES),
      treeSchema,
      // Files are read before recipes are checked: what is left is a name that no folder was known for.
      z.string().transform((file, context): never => {
        context.addIssue({
          code: 'custom',
          input: file,
          message: 'a tree: files can only be named by files',
        });
        return z.NEVER;
      }),
    ],
    { error: '"nodes", a file, or COARSE: {MIDDLE: [CLASS, …]} with each name once in its level' },
  )
  .describe(
    'The category tree of its classes: a YAML file beside the recipe, the tree itself, or nodes, which builds it from the listings’ nodes. Samples then carry coarse, middle and fine labels.',
  );

/** Where classes are put instead. */
export const placesSchema = z
  .record(name, z.tuple([name, name]))
  .describe('Classes that the tree places elsewhere: CLASS: [COARSE, MIDDLE].');

export type Places = Readonly<Record<string, readonly [coarse: string, middle: string]>>;

/** Every class's path, in the tree's order. */
export function pathsOf(tree: CategoryTree): TreePath[] {
  return Object.entries(tree).flatMap(([coarse, middles]) =>
    Object.entries(middles).flatMap(([middle, classes]) => classes.map((fine) => ({ coarse, middle, fine }))),
  );
}

/** The tree of paths, its groups and classes in the order in which they come. */
export function treeOf(paths: readonly TreePath[]): CategoryTree {
  const tree = new Map<string, Map<string, string[]>>();
  for (const { coarse, middle, fine } of paths) {
    const middles = tree.get(coarse) ?? new Map<string, string[]>();
    tree.set(coarse, middles);
    middles.set(middle, [...(middles.get(middle) ?? []), fine]);
  }
  return Object.fromEntries([...tree].map(([coarse, middles]) => [coarse, Object.fromEntries(middles)]));
}

/** The tree with some classes elsewhere; groups that this leaves empty are gone. */
export function withPlaces(tree: CategoryTree, places: Places = {}, keyOf = matchKey): CategoryTree {
  const moved = new Map(Object.entries(places).map(([fine, place]) => [keyOf(fine), { fine, place }]));
  const paths = pathsOf(tree).map((path) => {
    const move = moved.get(keyOf(path.fine));
    if (move === undefined) return path;
    moved.delete(keyOf(path.fine));
    return { coarse: move.place[0], middle: move.place[1], fine: path.fine };
  });
  const added = [...moved.values()].map(({ fine, place: [coarse, middle] }) => ({ coarse, middle, fine }));
  return treeOf([...paths, ...added]);
}

/**
 * Looks classes up in a tree.
 * @param keyOf what two writings of one class share.
 * @param made labels that a recipe makes itself, such as `other`: where the tree has no place for one, it is a group
 * of its own on every level.
 */
export function placesIn(
  tree: CategoryTree,
  keyOf: (label: string) => string,
  made: readonly string[] = [],
): (label: string) => TreePath | undefined {
  const own = made.map((label): TreePath => ({ coarse: label, middle: label, fine: label }));
  const places = new Map([...own, ...pathsOf(tree)].map((path) => [keyOf(path.fine), path]));
  return (label) => places.get(keyOf(label));
}

function namesOf(tree: CategoryTree, level: Level): string[] {
  if (level === 'coarse') return Object.keys(tree);
  return Object.values(tree).flatMap((middles) =>
    level === 'middle' ? Object.keys(middles) : Object.values(middles).flat(),
  );
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((one) => {
    const key = matchKey(one);
    return seen.has(key) || !seen.add(key);
  });
}
