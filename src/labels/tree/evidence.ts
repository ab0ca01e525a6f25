import { matchKey } from '../../attributes.js';
import type { ListingNodes } from './nodes.js';
import { type CountedPath, segmentsOf, withoutRoots } from './paths.js';

/** A photo with its class and the items that show it. */
export interface ClassedItems {
  label: string;
  items: readonly string[];
}

/** A category of one catalogue, or of several that call it and all above it the same. */
export interface CategoryNode {
  /** From below the root on, as most photos' listings write it. */
  names: readonly string[];
  /** Photos by catalogue and class. */
  photos: Map<number, Map<string, number>>;
}

/** Photos of one class whose listings stand at the same places. */
export interface Bag {
  label: string;
  photos: number;
  /** Nodes that they are in, with the catalogue that says so. */
  marks: readonly (readonly [node: number, catalogue: number])[];
  /** Catalogues that say anything of them, ascending. */
  catalogues: readonly number[];
}

/** What listings' nodes say of classes. */
export interface Evidence {
  /** Photos by class, and those of them with a node that says something. */
  classes: ReadonlyMap<string, { photos: number; withNodes: number }>;
  catalogues: readonly { name: string; english: boolean }[];
  nodes: readonly CategoryNode[];
  /** Those with marks. */
  bags: readonly Bag[];
}

/** What the nodes of the photos' listings say. The order of the photos changes nothing but the order of the nodes. */
export function nodeEvidence(photos: Iterable<ClassedItems>, listed: ListingNodes): Evidence {
  const raw = new Map<string, { label: string; entries: number[]; photos: number }>();
  for (const { label, items } of photos) {
    const entries = listed.of(items);
    const key = `${label}\0${entries.join()}`;
    const bag = raw.get(key) ?? { label, entries, photos: 0 };
    bag.photos += 1;
    raw.set(key, bag);
  }
  const cleaned = cleanPaths([...raw.values()], listed);
  const catalogues = [...new Set(listed.entries.map(({ catalogue }) => catalogue))].sort();
  const catalogueOf = new Map(catalogues.map((name, at) => [name, at]));
  const nodes = nodeTable();
  const classes = new Map<string, { photos: number; withNodes: number }>();
  const bags: Bag[] = [];
  for (const { label, entries, photos } of raw.values()) {
    const seen = new Map<string, readonly [number, number]>();
    for (const entry of entries) {
      const catalogue = catalogueOf.get(listed.entries[entry]!.catalogue)!;
      for (const node of nodes.along(cleaned.get(entry)!))
        seen.set(`${node} ${catalogue}`, [node, catalogue]);
    }
    const marks = [...seen.values()];
    const ours = classes.get(label) ?? { photos: 0, withNodes: 0 };
    classes.set(label, ours);
    ours.photos += photos;
    if (marks.length === 0) continue;
    ours.withNodes += photos;
    for (const [node, catalogue] of marks) addIn(nodes.all[node]!.photos, catalogue, label, photos);
    const own = [...new Set(marks.map(([, catalogue]) => catalogue))].sort((a, b) => a - b);
    bags.push({ label, photos, marks, catalogues: own });
  }
  return {
    classes,
    catalogues: catalogues.map((name) => ({ name, english: listed.isEnglish(name) })),
    nodes: nodes.all,
    bags,
  };
}

/** Each entry's names from below the root on. */
function cleanPaths(
  bags: readonly { label: string; entries: readonly number[]; photos: number }[],
  { entries }: ListingNodes,
): Map<number, string[]> {
  const photos = new Map<number, Map<string, number>>();
  for (const bag of bags) {
    for (const entry of bag.entries) {
      addIn(photos, entry, bag.label, bag.photos);
    }
  }
  const used = [...photos.keys()];
  const paths = used.map((entry): CountedPath => {
    const { catalogue, path } = entries[entry]!;
    return { catalogue, segments: segmentsOf(path), photos: photos.get(entry)! };
  });
  const cleaned = withoutRoots(paths);
  return new Map(used.map((entry, at) => [entry, cleaned[at]!]));
}

/** Numbers nodes by their names and those above them. */
function nodeTable(): { all: CategoryNode[]; along(names: readonly string[]): number[] } {
  const all: CategoryNode[] = [];
  const numbers = new Map<string, number>();
  return {
    all,
    along: (names) =>
      names.map((_, last) => {
        const own = names.slice(0, last + 1);
        const key = own.map(matchKey).join('/');
        let number = numbers.get(key);
        if (number === undefined) {
          number = all.push({ names: own, photos: new Map() }) - 1;
          numbers.set(key, number);
        }
        return number;
      }),
  };
}

/** Adds to a count of counts. */
export function addIn<Key, Inner>(
  counts: Map<Key, Map<Inner, number>>,
  key: Key,
  inner: Inner,
  more: number,
): void {
  const own = counts.get(key) ?? new Map<Inner, number>();
  counts.set(key, own);
  add(own, inner, more);
}

/** The sum of counts. */
export function total(counts: ReadonlyMap<unknown, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** Adds to a count. */
export function add<Key>(counts: Map<Key, number>, key: Key, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}
