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
  /** Different labels of its listings. */
  labels: number;
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
  /** Photos in more than so many listings or labels, the most listings first. */
  boilerplate: SharedPhoto[];
}

/** Counts photos as listings pass by: an index a photo, and four bytes a photo and key for conflicts. */
export interface PhotoCounter {
  /** @param label the listing's, −1 without one. @param values by key, numbers from 0; −1 without one. */
  observe(images: Iterable<string>, label: number, values: ReadonlyMap<string, number>): void;
  has(imageId: string): boolean;
  result(limits: { listings: number; labels: number }): PhotoCounts;
}

/** A conflict is kept as the negative of the first value; both are from 1, 0 is none. */
const COMPARED = 1;

/** @param keys those whose conflicts are counted. */
export function photoCounter(keys: readonly string[]): PhotoCounter {
  const indices = new Map<string, number>();
  const listings = numbers();
  const firstLabel = numbers();
  /** The labels of photos that have several. */
  const labels = new Map<number, Set<number>>();
  const first = keys.map((name) => ({ name, values: numbers(), flags: numbers() }));
  let views = 0;

  return {
    has: (imageId) => indices.has(imageId),
    observe(images, label, values) {
      for (const imageId of images) {
        views += 1;
        let index = indices.get(imageId);
        if (index === undefined) {
          index = indices.size;
          indices.set(imageId, index);
        }
        listings.set(index, listings.get(index) + 1);
        if (label >= 0) {
          const earlier = firstLabel.get(index);
          if (earlier === 0) firstLabel.set(index, label + 1);
          else if (earlier !== label + 1) {
            const several = labels.get(index) ?? new Set([earlier - 1]);
            labels.set(index, several.add(label));
          }
        }
        for (const { name, values: held, flags } of first) {
          const value = (values.get(name) ?? -1) + 1;
          if (value === 0) continue;
          const earlier = held.get(index);
          if (earlier === 0) held.set(index, value);
          else {
            flags.set(index, COMPARED);
            if (earlier !== value && earlier !== -value && earlier > 0) held.set(index, -earlier);
          }
        }
      }
    },
    result(limits) {
      const count = indices.size;
      const byListings = new Map<number, number>();
      const byLabel = new Map<number, number>();
      const boilerplate: SharedPhoto[] = [];
      const one = (map: Map<number, number>, key: number) => map.set(key, (map.get(key) ?? 0) + 1);
      for (const [imageId, index] of indices) {
        const own = labels.get(index);
        const firstOwn = firstLabel.get(index);
        one(byListings, listings.get(index));
        if (own !== undefined) for (const label of own) one(byLabel, label);
        else if (firstOwn > 0) one(byLabel, firstOwn - 1);
        const different = own?.size ?? (firstOwn > 0 ? 1 : 0);
        if (listings.get(index) > limits.listings || different > limits.labels) {
          boilerplate.push({ imageId, listings: listings.get(index), labels: different });
        }
      }
      boilerplate.sort((a, b) => b.listings - a.listings || (a.imageId < b.imageId ? -1 : 1));
      return {
        photos: count,
        views,
        byListings: [...byListings]
          .sort(([a], [b]) => a - b)
          .map(([times, photos]) => ({ listings: times, photos })),
        byLabel,
        conflicts: first.map(({ name, values: held, flags }) => {
          const all = Array.from({ length: count }, (_, index) => index);
          return {
            name,
            compared: all.filter((index) => flags.get(index) !== 0).length,
            conflicting: all.filter((index) => held.get(index) < 0).length,
          };
        }),
        pairs: pairsOf(labels.values(), limits.labels),
        boilerplate,
      };
    },
  };
}

/** Pairs of labels on one photo; those of photos that are boilerplate would join everything to everything. */
function pairsOf(several: Iterable<ReadonlySet<number>>, most: number): LabelPair[] {
  const pairs = new Map<string, LabelPair>();
  for (const labels of several) {
    if (labels.size > most) continue;
    const sorted = [...labels].sort((a, b) => a - b);
    for (const [at, a] of sorted.entries()) {
      for (const b of sorted.slice(at + 1)) {
        const pair = pairs.get(`${a} ${b}`) ?? { a, b, photos: 0 };
        pair.photos += 1;
        pairs.set(`${a} ${b}`, pair);
      }
    }
  }
  return [...pairs.values()];
}
