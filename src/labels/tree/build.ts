import { matchKey } from '../../attributes.js';
import type { TreePath } from '../../records.js';
import type { Concept } from './concepts.js';
import { add } from './evidence.js';
import { type CategoryTree, treeOf } from './tree.js';

/** A concept holds a class when more than half of the class's listings name it, … */
const HALF = 0.5;
/** … which are this share of all that have nodes: what one small catalogue does is no evidence. */
const LEAST_SUPPORT = 0.2;

/** A concept with the classes that it holds. */
interface Group {
  concept: Concept;
  classes: ReadonlySet<string>;
}

/**
 * A tree over the classes from what their listings' nodes say. Each concept that holds classes is a group; groups are
 * taken by how well the nodes support them, and none that cuts through one already taken. A class's outermost group
 * is its coarse one, the outermost inside that its middle one, however deep catalogues are; a class that no node says
 * anything of is a group of its own. Every class is in one path, and the order of nothing matters.
 */
export function buildTree(classes: Iterable<string>, concepts: readonly Concept[]): CategoryTree {
  const names = [...new Set(classes)].sort();
  const spoken = new Set(concepts.flatMap(({ holds }) => [...holds.keys()]));
  const groups = nested(concepts.map(groupOf), spoken.size);
  const chains = names.map((fine) => ({ fine, chain: groups.filter((group) => group.classes.has(fine)) }));
  const divided = new Set(
    chains
      .map(({ chain }) => chain)
      .filter((chain) => chain.some((one) => one.classes.size < chain[0]!.classes.size))
      .map(([outermost]) => outermost!),
  );
  const placed = chains.map(({ fine, chain }): Placed => {
    const [coarse, ...inner] = chain;
    if (coarse === undefined) return { fine, coarse: undefined, middle: undefined };
    const middle = divided.has(coarse)
      ? inner.find((one) => one.classes.size < coarse.classes.size)
      : inner.find((one) => one.concept.depth > coarse.concept.depth);
    return { fine, coarse, middle };
  });
  return treeOf(inOrder(namedPaths(placed)));
}

function groupOf(concept: Concept): Group {
  const held = [...concept.holds].filter(
    ([, { agreement, judged }]) => agreement > HALF && agreement * judged >= LEAST_SUPPORT,
  );
  return { concept, classes: new Set(held.map(([name]) => name)) };
}

/**
 * How much nodes speak for a set of classes as a group: those of its classes that name the concept less those that do
 * not, less those of other classes that name it, each class alike.
 */
export function supportOf(concept: Concept, classes: ReadonlySet<string>): number {
  let support = 0;
  for (const [name, { agreement, judged }] of concept.holds) {
    support += judged * (classes.has(name) ? 2 * agreement - 1 : -agreement);
  }
  return support;
}

/** Groups of which any two are one inside the other or apart, outer ones first; those that hold everything say nothing. */
function nested(groups: readonly Group[], classes: number): Group[] {
  const ranked = groups
    .filter((group) => group.classes.size > 0 && group.classes.size < classes)
    .map((group) => ({ ...group, support: supportOf(group.concept, group.classes) }))
    .sort((a, b) => b.support - a.support || (a.concept.path < b.concept.path ? -1 : 1));
  const taken: Group[] = [];
  for (const group of ranked)
    if (taken.every((other) => !cross(group.classes, other.classes))) taken.push(group);
  return taken.sort(
    (a, b) =>
      b.classes.size - a.classes.size ||
      a.concept.depth - b.concept.depth ||
      (a.concept.path < b.concept.path ? -1 : 1),
  );
}

function cross(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const common = [...a].filter((name) => b.has(name)).length;
  return common > 0 && common < a.size && common < b.size;
}

interface Placed {
  fine: string;
  coarse: Group | undefined;
  middle: Group | undefined;
}

/** Groups by their concept's name, by its path where that is taken on their level, else by the class. */
function namedPaths(placed: readonly Placed[]): TreePath[] {
  const coarse = nameGroups(placed.map((one) => one.coarse ?? one.fine));
  const middle = nameGroups(placed.map((one) => one.middle ?? one.fine));
  return placed.map(({ fine }, at) => ({ coarse: coarse[at]!, middle: middle[at]!, fine }));
}

function nameGroups(groups: readonly (Group | string)[]): string[] {
  const nameOf = (group: Group | string) => (typeof group === 'string' ? group : group.concept.name);
  const wanted = new Map<string, number>();
  for (const group of new Set(groups)) add(wanted, matchKey(nameOf(group)), 1);
  return groups.map((group) => {
    if (typeof group === 'string' || wanted.get(matchKey(group.concept.name)) === 1) return nameOf(group);
    const { path } = group.concept;
    return wanted.has(matchKey(path)) ? `${path} (category)` : path;
  });
}

function inOrder(paths: readonly TreePath[]): TreePath[] {
  const key = ({ coarse, middle, fine }: TreePath) => [coarse, middle, fine].join('\0');
  return [...paths].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
