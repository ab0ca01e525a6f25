import { matchKey } from '../../attributes.js';

/**
 * What stands before a category and is none: shops inside a shop, where Amazon's own pages and campaigns are kept.
 * The roots of catalogues (`Categories`, `Kategorien`) are in no list: the data shows them (`withoutRoots`).
 */
const SHOP_FRONTS = new Set(['self service', 'special features stores', 'custom stores', 'specialty stores']);
/** Names of pages that no person gave: `19a9ff8c-7a3b-4c1d_0`. */
const MACHINE_MADE = /^[0-9a-f]{8}[0-9a-f-]{8,}(_\d+)?$/i;

/** A node's names from the root on, without shop fronts: `/Self Service/Categories/Shoes` → Categories, Shoes. */
export function segmentsOf(path: string): string[] {
  const names = path
    .split('/')
    .map((name) => name.normalize('NFKC').replace(/\s+/gu, ' ').trim())
    .filter((name) => name !== '' && !MACHINE_MADE.test(name));
  const first = names.findIndex((name) => !SHOP_FRONTS.has(matchKey(name)));
  return first === -1 ? [] : names.slice(first);
}

/** So large a share of a catalogue's classes stands under a root, … */
const ROOT_CLASSES = 0.8;
/** … each with at least so large a share of its photos. */
const ROOT_SHARE = 0.1;
/** Of fewer classes nothing can be told. */
const LEAST_CLASSES = 3;
/** Roots inside roots. */
const MOST_ROOTS = 3;

/** A path that photos of a class carry in a catalogue. */
export interface CountedPath {
  catalogue: string;
  segments: readonly string[];
  /** Photos by class. */
  photos: ReadonlyMap<string, number>;
}

/**
 * The paths' segments without the roots of their catalogues: a first segment under which nearly every class of the
 * catalogues that have it stands says nothing of any class. Paths of nothing but a root become empty.
 */
export function withoutRoots(paths: readonly CountedPath[]): string[][] {
  let rest = paths.map(({ segments }) => [...segments]);
  for (let round = 0; round < MOST_ROOTS; round++) {
    const roots = rootsOf(
      paths,
      rest.map(([first]) => first && matchKey(first)),
    );
    if (roots.size === 0) break;
    rest = rest.map((segments) =>
      segments[0] !== undefined && roots.has(matchKey(segments[0])) ? segments.slice(1) : segments,
    );
  }
  return rest;
}

/** @param firsts each path's first segment's key. */
function rootsOf(paths: readonly CountedPath[], firsts: readonly (string | undefined)[]): Set<string> {
  const byCatalogue = new Map<string, Map<string, number>>();
  const under = new Map<string, { catalogues: Set<string>; photos: Map<string, number> }>();
  for (const [at, { catalogue, photos }] of paths.entries()) {
    const first = firsts[at];
    if (first === undefined) continue;
    const all = byCatalogue.get(catalogue) ?? new Map<string, number>();
    byCatalogue.set(catalogue, all);
    const own = under.get(first) ?? { catalogues: new Set(), photos: new Map<string, number>() };
    under.set(first, own);
    own.catalogues.add(catalogue);
    for (const [name, count] of photos) {
      all.set(name, (all.get(name) ?? 0) + count);
      own.photos.set(name, (own.photos.get(name) ?? 0) + count);
    }
  }
  const isRoot = ([, { catalogues, photos }]: [
    string,
    { catalogues: Set<string>; photos: Map<string, number> },
  ]) => {
    const all = new Map<string, number>();
    for (const catalogue of catalogues) {
      for (const [name, count] of byCatalogue.get(catalogue)!) all.set(name, (all.get(name) ?? 0) + count);
    }
    const held = [...all].filter(([name, count]) => (photos.get(name) ?? 0) >= ROOT_SHARE * count);
    return all.size >= LEAST_CLASSES && held.length >= ROOT_CLASSES * all.size;
  };
  return new Set([...under].filter(isRoot).map(([first]) => first));
}
