import { best, DEFAULT_LANGUAGES, type LanguagePreference } from '../attributes.js';
import type { BoilerplateLimits } from '../duplicates/boilerplate.js';
import type { Listing } from '../records.js';
import type { ImageRow } from '../sources/source.js';
import { type Breakdown, breakdown } from './breakdown.js';
import { type ImageTableProfile, imageTableProfile } from './image-table.js';
import { type KeyCounter, type KeyProfile, keyCounter } from './key-profile.js';
import { LISTING_KEYS, listingKeys, OWN_KEYS } from './keys.js';
import { type KeyConflicts, photoCounter, type SharedPhoto } from './photos.js';
import type { SameBytes } from './same-bytes.js';
import { type ClassPair, type ClassSize, type Suggestion, suggestions } from './suggestions.js';

export interface ExplorationOptions {
  /** The key whose values are the labels. */
  task: string;
  /** Which of a listing's values of a key stands for it; default: US English, then any English, then any. */
  languages?: LanguagePreference;
  /** How many values, pairs and photos each list has. */
  most: number;
  /** Classes with fewer photos are suggested to be dropped. */
  minPerClass: number;
  /** Photos in more listings, or of more product types, are boilerplate. */
  boilerplate: BoilerplateLimits;
}

/** What a dump's listings and image table hold. */
export interface DumpExploration {
  task: string;
  listings: number;
  shards: number;
  /** ABO's 28 keys, then others in the order of their names. */
  keys: KeyProfile[];
  /** Keys beyond those that are profiled: a dump may make up a key a listing. */
  otherKeys: number;
  /** Listings by the task's label, type, brand, colour, country and language. */
  breakdowns: Breakdown[];
  /** Classes of the task with their photos, the largest first: all of them. */
  classes: ClassSize[];
  photos: {
    /** Different image ids that listings name. */
    named: number;
    views: number;
    /** Named by listings, but not in the image table. */
    notInTable: number;
    byListings: { listings: number; photos: number }[];
  };
  table: ImageTableProfile;
  conflicts: KeyConflicts[];
  /** Pairs of classes on the same photos, boilerplate left out, those with the most first. */
  pairs: ClassPair[];
  /** How many pairs there are. */
  pairCount: number;
  boilerplate: BoilerplateLimits & { photos: number; views: number; most: SharedPhoto[] };
  suggestions: Suggestion[];
}

/** What `pipeline explore` finds out, and what a run keeps as exploration.json. */
export interface Exploration extends DumpExploration {
  /** 2: boilerplate is counted by product types, whatever the task. */
  schemaVersion: 2;
  source: string;
  /** Whether the dump was drawn by `pipeline synth`. */
  synthetic: boolean;
  /** Rows read; those that say exactly what an earlier one says are left out of all counts. */
  rows: { read: number; identical: number; unreadable: number };
  /** With `photos: hash`: photos of the same bytes. */
  files?: SameBytes;
}

const BREAKDOWNS = ['product_type', 'brand', 'color', 'country'];
/** Other keys than ABO's that are profiled at most. */
const MOST_OTHER_KEYS = 100;
/** Listings of one product differ in these by right, or always. */
const NEVER_CONFLICTS: ReadonlySet<string> = new Set([
  'item_id', 'main_image_id', 'other_image_id', '3dmodel_id', 'spin_id', 'domain_name', 'marketplace', 'country', 'item_name', 'bullet_point',
  'item_keywords', 'product_description', 'node',
]); // biome-ignore format: a list

/**
 * Looks at a dump as its listings and its image table pass by. Holds numbers for values, pairs and photos; text only of
 * values that are shown. The order of arrival changes nothing in the result.
 */
export function exploration(options: ExplorationOptions): {
  listing(listing: Listing): void;
  /** Gives whether it is the first row of its image. */
  image(row: ImageRow): boolean;
  result(): DumpExploration;
} {
  const { task, languages = DEFAULT_LANGUAGES, most, minPerClass, boilerplate: limits } = options;
  const counters = new Map<string, KeyCounter>();
  const counterOf = (name: string) => {
    const counter = keyCounter(name, { texts: OWN_KEYS.has(name) && name !== task ? 'again' : 'all' });
    counters.set(name, counter);
    return counter;
  };
  for (const name of LISTING_KEYS) counterOf(name);
  const labels = counters.get(task) ?? counterOf(task);
  const first = counters.size;
  const others = new Set<string>();
  const spoken = new Map<string, number>();
  const shards = new Set<string>();
  const conflicting = [...new Set([task, ...LISTING_KEYS.filter((name) => !NEVER_CONFLICTS.has(name))])];
  const photos = photoCounter(conflicting);
  const table = imageTableProfile();
  let listings = 0;

  return {
    listing(listing) {
      listings += 1;
      if (listing.shard !== undefined) shards.add(listing.shard);
      const values = new Map<string, number>();
      const own: string[] = [];
      for (const [name, all] of listingKeys(listing, task)) {
        const counter =
          counters.get(name) ?? (counters.size < first + MOST_OTHER_KEYS ? counterOf(name) : undefined);
        if (counter === undefined) {
          others.add(name);
          continue;
        }
        values.set(name, counter.observe(all, best(all, languages)));
        for (const { language } of all)
          if (language !== undefined && !own.includes(language)) own.push(language);
      }
      for (const language of own) spoken.set(language, (spoken.get(language) ?? 0) + 1);
      const label = values.get(task) ?? -1;
      if (label >= 0) {
        for (const [name, value] of values)
          if (value >= 0 && name !== task) counters.get(name)!.label(value, label);
      }
      const { mainImageId, otherImageIds } = listing;
      const images = new Set(mainImageId === undefined ? otherImageIds : [mainImageId, ...otherImageIds]);
      photos.observe(images, label, values);
    },
    image: table.observe,
    result() {
      const counted = photos.result(limits);
      let namedInTable = 0;
      for (const imageId of photos.imageIds()) if (table.has(imageId)) namedInTable += 1;
      const name = (label: number) => labels.textOf(label)!;
      const classes = labels.counts
        .map((_, label) => ({ name: name(label), photos: counted.byLabel.get(label) ?? 0 }))
        .sort((a, b) => b.photos - a.photos || compare(a.name, b.name));
      const pairs = counted.pairs
        .map(({ a, b, photos: shared }): ClassPair => {
          const [from, to] = [name(a), name(b)].sort(compare) as [string, string];
          const smaller = Math.min(counted.byLabel.get(a)!, counted.byLabel.get(b)!);
          return { a: from, b: to, photos: shared, share: shared / smaller };
        })
        .sort((x, y) => y.photos - x.photos || compare(x.a, y.a) || compare(x.b, y.b));
      const pruned = {
        ...limits,
        photos: counted.boilerplate.length,
        views: counted.boilerplate.reduce((sum, one) => sum + one.listings, 0),
      };
      const abo = new Set(LISTING_KEYS);
      const more = [...counters.keys()].filter((key) => !abo.has(key)).sort(compare);
      const keys = [...LISTING_KEYS, ...more].map((key) => counters.get(key)!.result(listings, most));
      return {
        task,
        listings,
        shards: shards.size,
        keys,
        otherKeys: others.size,
        breakdowns: [
          ...[...new Set([task, ...BREAKDOWNS])].map((key) =>
            breakdown(key, textCounts(counters.get(key)!), most),
          ),
          breakdown('language', spoken, most),
        ],
        classes,
        photos: {
          named: counted.photos,
          views: counted.views,
          notInTable: counted.photos - namedInTable,
          byListings: counted.byListings,
        },
        table: table.result(namedInTable),
        conflicts: counted.conflicts,
        pairs: pairs.slice(0, most),
        pairCount: pairs.length,
        boilerplate: { ...pruned, most: counted.boilerplate.slice(0, most) },
        suggestions: suggestions({ task, classes, pairs, boilerplate: pruned, keys, minPerClass }),
      };
    },
  };
}

function* textCounts(counter: KeyCounter): Generator<readonly [string, number]> {
  for (const [value, times] of counter.counts.entries()) yield [counter.textOf(value)!, times];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
