import type { Listing } from './records.js';

/** The 28 keys that ABO's listings have; those that are fields of `Listing` with how to find them. */
const FIELD_KEYS: Record<string, (listing: Listing) => boolean> = {
  item_id: () => true,
  domain_name: ({ domain }) => domain !== undefined,
  marketplace: ({ marketplace }) => marketplace !== undefined,
  country: ({ country }) => country !== undefined,
  main_image_id: ({ mainImageId }) => mainImageId !== undefined,
  other_image_id: ({ otherImageIds }) => otherImageIds.length > 0,
  item_dimensions: ({ attributes }) =>
    ['item_height', 'item_length', 'item_width'].some((name) => Object.hasOwn(attributes, name)),
};
const ATTRIBUTE_KEYS = [
  'item_name',
  'brand',
  'bullet_point',
  'item_keywords',
  'product_description',
  'product_type',
  'node',
  'color',
  'color_code',
  'material',
  'style',
  'pattern',
  'fabric_type',
  'finish_type',
  'item_shape',
  'item_weight',
  'model_name',
  'model_number',
  'model_year',
  '3dmodel_id',
  'spin_id',
];
const AXES = new Set(['item_height', 'item_length', 'item_width']);

/** ABO's 28 listing keys. */
export const LISTING_KEYS: readonly string[] = [...Object.keys(FIELD_KEYS), ...ATTRIBUTE_KEYS];

/** How complete a dump's listings are. */
export interface DumpProfile {
  listings: number;
  /** Shards that gave at least one listing; 0 for a stream. */
  shards: number;
  /** ABO's 28 keys, then any other that was seen. */
  columns: { name: string; present: number; missing: number }[];
}

/** Counts listings and missing values by column as the listings pass by. */
export function listingProfile(): { observe(listing: Listing): void; result(): DumpProfile } {
  const present = new Map<string, number>();
  for (const name of LISTING_KEYS) present.set(name, 0);
  const shards = new Set<string>();
  let listings = 0;
  const count = (name: string) => present.set(name, (present.get(name) ?? 0) + 1);
  return {
    observe(listing) {
      listings += 1;
      if (listing.shard !== undefined) shards.add(listing.shard);
      for (const [name, has] of Object.entries(FIELD_KEYS)) if (has(listing)) count(name);
      for (const name of Object.keys(listing.attributes)) if (!AXES.has(name)) count(name);
    },
    result: () => ({
      listings,
      shards: shards.size,
      columns: [...present].map(([name, n]) => ({ name, present: n, missing: listings - n })),
    }),
  };
}
