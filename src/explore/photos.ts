import type { BoilerplateLimits } from '../duplicates/boilerplate.js';

/** Numbers by index that grow as they are set; 0 where none was. */
interface Numbers {
  get(index: number): number;
  set(index: number, value: number): void;
}

function numbers(): Numbers {
  let held = new Int32Array(1024);
  return {
    get: (index) => held[index] ?? 0,
    set(index, value) {
      if (index >= held.length) {
        const larger = new Int32Array(Math.max(2 * held.length, index + 1));
        larger.set(held);
        held = larger;
      }
      held[index] = value;
    },
  };
}

/** What photos' listings say of one key. */
export interface KeyConflicts {
  name: string;
  /** Photos with a value from at least two listings. */
  compared: number;
  /** Of those, photos whose listings have different ones. */
  conflicting: number;
}

/** Two labels that listings give the same photos. */
export interface LabelPair {
  /** Numbers of the labels, a < b. */
  a: number;
  b: number;
  photos: number;
}

export interface SharedPhoto {
  imageId: string;
  listings: number;
  /** Different product types of its listings. */
  types: number;
}

export interface PhotoCounts {
  /** Different image ids that listings name. */
  photos: number;
  views: number;
  /** How many photos stand in how many listings, by that number. */
  byListings: { listings: number; photos: number }[];
  /** Photos of each label, by its number; one with several labels counts for each. */
  byLabel: ReadonlyMap<number, number>;
  conflicts: KeyConflicts[];
  pairs: LabelPair[];
  /** Photos in more than so many listings or of more product types, the most listings first. */
  boilerplate: SharedPhoto[];
}

/** Counts photos as listings pass by: an index a photo, and four bytes a photo and key for conflicts. */
export interface PhotoCounter {
  /** @param label the listing's, −1 without one. @param values by key, numbers from 0; −1 without one. */
  observe(images: Iterable<string>, label: number, values: ReadonlyMap<string, number>): void;
  imageIds(): Iterable<string>;
  result(limits: BoilerplateLimits): PhotoCounts;
}

/** A photo's first value of a key, from 1; and above it whether a second listing has one, and whether another one. */
const VALUE = 2 ** 30 - 1;
const COMPARED = 2 ** 30;
const CONFLICTING = -(2 ** 31);

/** @param keys those whose conflicts are counted. */
export function photoCounter(keys: readonly string[]): PhotoCounter {
  const indices = new Map<string, number>();
  const listings = numbers();
  const labels = numberSets();
  const types = numberSets();
  const first = keys.map((name) => ({ name, held: numbers() }));
  let views = 0;

  return {
    imageIds: () => indices.keys(),
    observe(images, label, values) {
      for (const imageId of images) {
        views += 1;
        let index = indices.get(imageId);
        if (index === undefined) {
          index = indices.size;
          indices.set(imageId, index);
        }
        listings.set(index, listings.get(index) + 1);
        labels.add(index, label);
        types.add(index, values.get('product_type') ?? -1);
        for (const { name, held } of first) {
          const value = (values.get(name) ?? -1) + 1;
          if (value === 0) continue;
          const earlier = held.get(index);
          const other = (earlier & VALUE) === value ? 0 : CONFLICTING;
          held.set(index, earlier === 0 ? value : earlier | COMPARED | other);
        }
      }
    },
    result(limits) {
      const count = indices.size;
      const byListings = new Map<number, number>();
      const byLabel = new Map<number, number>();
      const boilerplate: SharedPhoto[] = [];
      const pairs = new Map<string, LabelPair>();
      const one = (map: Map<number, number>, key: number) => map.set(key, (map.get(key) ?? 0) + 1);
      for (const [imageId, index] of indices) {
        const own = labels.of(index);
        for (const label of own) one(byLabel, label);
        const shared = { imageId, listings: listings.get(index), types: types.of(index).length };
        one(byListings, shared.listings);
        const isBoilerplate = shared.listings > limits.listings || shared.types > limits.types;
        if (isBoilerplate) boilerplate.push(shared);
        // Its labels would join everything to everything.
        else addPairs(pairs, own);
      }
      boilerplate.sort((a, b) => b.listings - a.listings || (a.imageId < b.imageId ? -1 : 1));
      return {
        photos: count,
        views,
        byListings: [...byListings]
          .sort(([a], [b]) => a - b)
          .map(([times, photos]) => ({ listings: times, photos })),
        byLabel,
        conflicts: first.map(({ name, held }) => {
          const found = { name, compared: 0, conflicting: 0 };
          for (let index = 0; index < count; index += 1) {
            if ((held.get(index) & COMPARED) !== 0) found.compared += 1;
            if ((held.get(index) & CONFLICTING) !== 0) found.conflicting += 1;
          }
          return found;
        }),
        pairs: [...pairs.values()],
        boilerplate,
      };
    },
  };
}

/** Counts a photo with several labels for each two of them. */
function addPairs(pairs: Map<string, LabelPair>, labels: readonly number[]): void {
  const sorted = [...labels].sort((a, b) => a - b);
  for (const [at, a] of sorted.entries()) {
    for (const b of sorted.slice(at + 1)) {
      const pair = pairs.get(`${a} ${b}`) ?? { a, b, photos: 0 };
      pair.photos += 1;
      pairs.set(`${a} ${b}`, pair);
    }
  }
}

/** Different numbers by index: most have one, which is held in four bytes. */
function numberSets(): { add(index: number, value: number): void; of(index: number): readonly number[] } {
  const first = numbers();
  const several = new Map<number, number[]>();
  return {
    /** @param value −1: none. */
    add(index, value) {
      const earlier = first.get(index) - 1;
      if (value < 0 || value === earlier) return;
      if (earlier < 0) {
        first.set(index, value + 1);
        return;
      }
      const own = several.get(index);
      if (own === undefined) several.set(index, [earlier, value]);
      else if (!own.includes(value)) own.push(value);
    },
    of(index) {
      const own = first.get(index) - 1;
      return several.get(index) ?? (own < 0 ? [] : [own]);
    },
  };
}
