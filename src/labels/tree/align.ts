import { add, addIn, type Bag, type CategoryNode, type Evidence, total } from './evidence.js';

/** Two nodes are one category from so large a share of the photos in either that both catalogues list, … */
const LEAST_OVERLAP = 0.3;
/** … which they hold as much of, class by class, … */
const LEAST_LIKENESS = 0.5;
/** … of which there must be so many. */
const LEAST_COMMON = 3;
/** A catalogue has a node from this share of the node's photos on: a row that went astray is none. */
const LEAST_PRESENCE = 0.05;
/** So many photos more in either of two sets: many photos in common weigh more than one product's few. */
const DOUBT = 5;
/** A round joins pairs that are nearly as good as its best one; the others may look otherwise in the next. */
const NEARLY = 0.8;
/** What a level of difference in depth takes from a pair: of nodes that hold the same, the equally deep ones go together. */
const DEPTH_COST = 0.1;

/** Nodes that are one category. */
interface Aligned {
  nodes: readonly number[];
  /** The catalogues that have them. */
  homes: ReadonlySet<number>;
  /** Photos by class, one counted once a catalogue. */
  classes: ReadonlyMap<string, number>;
  /** Mean number of names from below the root on. */
  depth: number;
  /** Tells sets apart, whatever their numbers are. */
  key: string;
}

/**
 * Sets of nodes of different catalogues that are one category, by the photos that both catalogues list: nodes that
 * hold the same ones are the same, whatever they are called. Round by round the best pairs of sets are joined, each
 * set once, so that later rounds see all photos that the joined ones share with others; no set has two nodes of one
 * catalogue, because a catalogue tells its own nodes apart. Every node is in one set.
 */
export function alignNodes({ nodes, bags }: Evidence): number[][] {
  const homes = nodes.map(homesOf);
  const listed = listedBy(bags);
  const several = bags.filter(({ catalogues }) => catalogues.length > 1);
  let sets = nodes.map(
    ({ names, photos }, at): Aligned => ({
      nodes: [at],
      homes: homes[at]!,
      classes: sumOf(photos, homes[at]!),
      depth: names.length,
      key: names.join('/'),
    }),
  );
  for (;;) {
    const joined = joinBest(sets, rankedPairs(sets, several, { homes, listed }));
    if (joined.length === sets.length) return sets.map((set) => [...set.nodes]);
    sets = joined;
  }
}

/** The catalogues that have a node. */
export function homesOf({ photos }: CategoryNode): ReadonlySet<number> {
  const counts = [...photos].map(([catalogue, classes]) => [catalogue, total(classes)] as const);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  return new Set(counts.filter(([, count]) => count >= LEAST_PRESENCE * all).map(([catalogue]) => catalogue));
}

/** Photos that have nodes, by catalogue and class. */
function listedBy(bags: readonly Bag[]): Map<number, Map<string, number>> {
  const listed = new Map<number, Map<string, number>>();
  for (const { label, photos, catalogues } of bags) {
    for (const catalogue of catalogues) addIn(listed, catalogue, label, photos);
  }
  return listed;
}

/** Photos of some catalogues by class. */
function sumOf(
  photos: ReadonlyMap<number, ReadonlyMap<string, number>>,
  catalogues: Iterable<number>,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const catalogue of catalogues) {
    for (const [name, count] of photos.get(catalogue) ?? []) add(sums, name, count);
  }
  return sums;
}

/** The best pairs of sets that may be one category, the best first. */
function rankedPairs(
  sets: readonly Aligned[],
  bags: readonly Bag[],
  { homes, listed }: { homes: readonly ReadonlySet<number>[]; listed: Map<number, Map<string, number>> },
): [a: number, b: number][] {
  const shares = sets.map((set) => sharesOf(set, sumOf(listed, set.homes)));
  const { common, seen } = countTogether(sets, bags, homes);
  const pairs = [...common].flatMap(([pair, both]) => {
    const a = Math.floor(pair / sets.length);
    const b = pair % sets.length;
    const [one, other] = [sets[a]!, sets[b]!];
    if (both < LEAST_COMMON || intersect(one.homes, other.homes)) return [];
    const either = seen(a, other.homes) + seen(b, one.homes) - both;
    if (both < LEAST_OVERLAP * either) return [];
    const alike = likeness(shares[a]!, shares[b]!);
    if (alike < LEAST_LIKENESS) return [];
    const apart = Math.abs(one.depth - other.depth);
    const score = ((both / (either + DOUBT)) * alike) / (1 + DEPTH_COST * apart);
    return [{ a, b, score, key: [one.key, other.key].sort().join('\0') }];
  });
  pairs.sort((x, y) => y.score - x.score || (x.key < y.key ? -1 : 1));
  return pairs.filter(({ score }) => score >= NEARLY * pairs[0]!.score).map(({ a, b }) => [a, b]);
}

function joinBest(sets: readonly Aligned[], pairs: readonly (readonly [number, number])[]): Aligned[] {
  const gone = new Set<number>();
  const joined: Aligned[] = [];
  for (const [a, b] of pairs) {
    if (gone.has(a) || gone.has(b)) continue;
    gone.add(a).add(b);
    joined.push(join(sets[a]!, sets[b]!));
  }
  return [...joined, ...sets.filter((_, at) => !gone.has(at))];
}

function join(a: Aligned, b: Aligned): Aligned {
  const classes = new Map(a.classes);
  for (const [name, photos] of b.classes) add(classes, name, photos);
  const nodes = [...a.nodes, ...b.nodes];
  return {
    nodes,
    homes: new Set([...a.homes, ...b.homes]),
    classes,
    depth: (a.depth * a.nodes.length + b.depth * b.nodes.length) / nodes.length,
    key: [a.key, b.key].sort()[0]!,
  };
}

/** Photos that two sets share by different catalogues, and photos of a set that some other catalogue lists too. */
function countTogether(
  sets: readonly Aligned[],
  bags: readonly Bag[],
  homes: readonly ReadonlySet<number>[],
) {
  const setOf = new Map(sets.flatMap(({ nodes }, set) => nodes.map((node) => [node, set] as const)));
  /** By `a · sets + b` with a < b. */
  const common = new Map<number, number>();
  const patterns = new Map<string, readonly number[]>();
  const byPattern = sets.map(() => new Map<string, number>());
  for (const { photos, marks, catalogues } of bags) {
    const pattern = catalogues.join();
    patterns.set(pattern, catalogues);
    const own = marks.filter(([node, catalogue]) => homes[node]!.has(catalogue));
    const here = own.map(([node, catalogue]) => [setOf.get(node)!, catalogue] as const);
    for (const set of new Set(here.map(([one]) => one))) add(byPattern[set]!, pattern, photos);
    const pairs = new Set<number>();
    for (const [a, by] of here) {
      for (const [b, too] of here) if (a < b && by !== too) pairs.add(a * sets.length + b);
    }
    for (const pair of pairs) add(common, pair, photos);
  }
  const seen = (set: number, by: ReadonlySet<number>) => {
    let photos = 0;
    for (const [pattern, count] of byPattern[set]!) {
      if (patterns.get(pattern)!.some((catalogue) => by.has(catalogue))) photos += count;
    }
    return photos;
  };
  return { common, seen };
}

/** By class, the share of the photos of a set's catalogues that it holds. */
function sharesOf({ classes }: Aligned, all: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...classes].map(([name, photos]) => [name, photos / all.get(name)!]));
}

/** How alike two sets are in what they hold of each class: what both hold by what either holds, 0 to 1. */
function likeness(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let both = 0;
  let either = 0;
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(name) ?? 0, b.get(name) ?? 0];
    both += Math.min(one, other);
    either += Math.max(one, other);
  }
  return both / either;
}

function intersect(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  for (const one of a) if (b.has(one)) return true;
  return false;
}
