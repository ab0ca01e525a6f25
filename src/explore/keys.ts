import type { AttributeValue, Listing } from '../records.js';

/** The 28 keys that ABO's listings have. */
export const LISTING_KEYS: readonly string[] = [
  'item_id',
  'domain_name',
  'marketplace',
  'country',
  'main_image_id',
  'other_image_id',
  'item_dimensions',
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
/** Keys whose values are names of one thing each: compared as written, letter by letter. */
export const ID_KEYS: ReadonlySet<string> = new Set([
  'item_id',
  'main_image_id',
  'other_image_id',
  '3dmodel_id',
  'spin_id',
]);
/** Keys with about a value a listing: their texts are held only where they come again. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...ID_KEYS,
  'item_name',
  'bullet_point',
  'item_keywords',
  'product_description',
  'model_name',
  'model_number',
  'item_dimensions',
  'item_weight',
]);
const AXES = ['item_height', 'item_length', 'item_width'] as const;
const AXIS_NAMES: ReadonlySet<string> = new Set(AXES);

/**
 * A listing's values by the key that they have in the dump, absent keys left out.
 * @param axis `item_height`, `item_length` or `item_width`, to have it beside `item_dimensions`, whose part it is.
 */
export function* listingKeys(
  listing: Listing,
  axis?: string,
): Generator<[key: string, values: readonly AttributeValue[]]> {
  const { itemId, domain, marketplace, country, mainImageId, otherImageIds, attributes } = listing;
  yield ['item_id', [{ value: itemId }]];
  if (domain !== undefined) yield ['domain_name', [{ value: domain }]];
  if (marketplace !== undefined) yield ['marketplace', [{ value: marketplace }]];
  if (country !== undefined) yield ['country', [{ value: country }]];
  if (mainImageId !== undefined) yield ['main_image_id', [{ value: mainImageId }]];
  if (otherImageIds.length > 0) yield ['other_image_id', otherImageIds.map((value) => ({ value }))];
  const size = dimensions(listing);
  if (size !== undefined) yield ['item_dimensions', [{ value: size }]];
  for (const [name, values] of Object.entries(attributes))
    if (!AXIS_NAMES.has(name) || name === axis) yield [name, values];
}

/** All axes as one text, such as `4 × 12 × 3 inches` (height × length × width, `–` where one is not said). */
function dimensions({ attributes }: Listing): string | undefined {
  const sizes = AXES.map((axis) => (Object.hasOwn(attributes, axis) ? attributes[axis]![0] : undefined));
  const unit = sizes.find((size) => size?.unit !== undefined)?.unit;
  if (sizes.every((size) => size === undefined)) return undefined;
  return `${sizes.map((size) => size?.value ?? '–').join(' × ')}${unit === undefined ? '' : ` ${unit}`}`;
}
