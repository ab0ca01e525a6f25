import type { RandomSource } from '../random.js';
import { type Draws, drawsFor } from './draws.js';
import { nodeOf } from './nodes.js';
import type { ListingPlan } from './plan.js';
import { BRANDS, MARKETS, type Market, NUANCES, STYLES, type Words, wordsOf } from './words.js';

const AMERICA = MARKETS[0]!;

/**
 * A listing's row as ABO writes rows: JSON in ASCII, values in arrays with their languages, and any field but the item
 * id absent at times.
 * @param product the ordinal of its product: what all marketplaces say alike comes from there.
 */
export function listingRow(random: RandomSource, listing: ListingPlan, product: number): string {
  const item = drawsFor(random, 'item', product);
  const row = drawsFor(random, 'row', listing.rowOf);
  const { market, mainImageId, otherImageIds } = listing;
  const markets = market !== AMERICA && row.chance('english-too', 0.35) ? [market, AMERICA] : [market];
  /** A text in each of the listing's languages; a tag is missing now and then. */
  const texts = <Extra extends object>(text: (words: Words, market: Market) => string, extra?: Extra) =>
    markets.map((one) => ({
      ...(!row.chance(`untagged-${one.language}`, 0.02) && { language_tag: one.language }),
      value: text(wordsOf(one.language), one),
      ...extra,
    }));
  const said = (name: string, share: number, value: () => unknown) =>
    row.chance(`has-${name}`, share) ? { [name]: value() } : {};

  const brand = item.pick('brand', BRANDS);
  const style = item.pick('style', STYLES);
  const nuance = item.pick('nuance', NUANCES);
  const material = item.integer('material', 1, 5);
  const model = `${style.slice(0, 2).toUpperCase()}-${item.integer('model', 100, 9999)}`;
  const color = (words: Words) => `${nuance}${words.colors[listing.color]}`;
  const typed = listing.type;
  return asciiJson({
    ...said('brand', 0.95, () => texts(() => brand)),
    ...said('bullet_point', 0.7, () => [
      ...texts((words) => `${words.types[typed]}: ${color(words)}`),
      ...texts((words) => `${words.material[0]}: ${words.material[material]}`),
    ]),
    ...said('color', 0.88, () => texts(color, { standardized_values: [listing.color] })),
    item_id: listing.itemId,
    item_name: texts((words) => `${brand} ${style} ${words.types[typed]} ${model}, ${color(words)}`),
    ...said('item_dimensions', 0.55, () => dimensionsOf(item)),
    ...said('item_weight', 0.5, () => [measure('pounds', item.range('weight', 0.2, 90))]),
    ...said('material', 0.5, () => texts((words) => words.material[material]!)),
    ...said('model_name', 0.3, () => texts(() => style)),
    ...said('model_number', 0.6, () => [{ value: model }]),
    ...said('model_year', 0.25, () => [{ value: item.integer('year', 2014, 2020) }]),
    // The official readme says a plain string, the files have an array.
    ...said('product_type', 0.96, () => (row.chance('plain-type', 0.05) ? typed : [{ value: typed }])),
    ...said('style', 0.45, () => texts(() => style)),
    ...(mainImageId !== undefined && { main_image_id: mainImageId }),
    ...(otherImageIds.length > 0 && { other_image_id: otherImageIds }),
    ...said('item_keywords', 0.6, () =>
      ['', ` ${style.toLowerCase()}`, ` ${brand.toLowerCase()}`].flatMap((more) =>
        texts((words) => `${words.types[typed].toLowerCase()}${more}`),
      ),
    ),
    country: market.country,
    marketplace: 'Amazon',
    domain_name: market.domain,
    ...said('node', 0.88, () => [nodeOf(random, row, listing, style)]),
  });
}

function measure(unit: string, value: number) {
  const rounded = Number(value.toFixed(2));
  return { normalized_value: { unit, value: rounded }, unit, value: rounded };
}

function dimensionsOf(item: Draws) {
  const axis = (name: string) => measure('inches', item.range(name, 2, 70));
  return { height: axis('height'), length: axis('length'), width: axis('width') };
}

/** JSON with everything beyond ASCII as `\u` escapes, as in ABO's shards. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
