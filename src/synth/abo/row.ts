import type { RandomSource } from '../../random.js';
import { type Draws, drawsFor } from '../draws.js';
import { imageIdOf, itemIdOf } from '../ids.js';
import { asciiJson } from '../listing.js';
import { COLOR_WEIGHTS } from '../palette.js';
import { BRANDS, MARKETS, type Market, NUANCES, STYLES, type Words, wordsOf } from '../words.js';
import type { AboListing } from './plan.js';
import { departmentOf, typeWord, vocabularyOf } from './words.js';

/** Products side by side that differ in colour alone. */
const VARIANTS = 3;
const MOST_LISTINGS_OF_A_PRODUCT = 4;
const AMERICA = MARKETS[0]!;
/** Half of the listings are India's and America's. */
const MARKET_WEIGHTS = MARKETS.map((_, at) => [at, [18, 32][at] ?? 5] as const);
const UNTYPED_WORD = 'Item';

/**
 * A listing's row with any of ABO's 28 keys: JSON in ASCII, texts in the languages of its market, any field but the
 * item id absent at times. Listings of one product differ in market; some share an item id.
 * @param type what it says; absent: it says none.
 */
export function aboRow(random: RandomSource, listing: AboListing, type: string | undefined): string {
  const { index, product, nth, main, others } = listing;
  const { seed } = random;
  const item = drawsFor(random, 'item', product);
  const line = drawsFor(random, 'line', Math.floor(product / VARIANTS));
  const row = drawsFor(random, 'row', index);
  const market = marketOf(item, nth);
  const { language } = market;
  const words = wordsOf(language);
  const englishToo = market !== AMERICA && row.chance('english-too', 0.15);
  const languages = englishToo ? [language, AMERICA.language] : [language];
  const texts = (value: (words: Words) => string, extra?: object) =>
    languages.map((tag) => ({
      ...(!row.chance(`untagged-${tag}`, 0.02) && { language_tag: tag }),
      value: value(wordsOf(tag)),
      ...extra,
    }));
  const said = (name: string, share: number, value: () => unknown) =>
    row.chance(name, share) ? { [name]: value() } : {};
  const some = (name: string, [least, most]: readonly [number, number], length: readonly [number, number]) =>
    Array.from({ length: row.integer(name, least, most) }, (_, at) => ({
      language_tag: language,
      value: phrase(row.part(name, at), vocabularyOf(language), length),
    }));

  const color = item.weighted('color', COLOR_WEIGHTS);
  const nuance = item.pick('nuance', NUANCES);
  const material = line.integer('material', 1, 5);
  const brand = line.pick('brand', BRANDS);
  const style = line.pick('style', STYLES);
  const model = `${style.slice(0, 2).toUpperCase()}-${line.integer('model', 100, 99_999)}`;
  const shade = (of: Words) => `${nuance}${of.colors[color]}`;
  const word = (of: Words) => (type === undefined ? UNTYPED_WORD : typeWord(type, of));
  // Half of the product lines name the colour in the title, the others' variants have one name.
  const titled = line.chance('titled', 0.5) ? (of: Words) => `, ${shade(of)}` : () => '';
  const sameItem = nth > 0 && row.chance('same-item', 0.05);
  return asciiJson({
    ...said('brand', 0.97, () => texts(() => brand)),
    ...said('bullet_point', 0.8, () => some('bullets', [3, 6], [12, 36])),
    ...said('color', 0.75, () =>
      texts(shade, row.chance('standard', 0.3) ? { standardized_values: [color] } : undefined),
    ),
    ...said('color_code', 0.05, () => [`#${row.integer('code', 0x100000, 0xffffff).toString(16)}`]),
    ...said('fabric_type', 0.1, () => texts((of) => of.material[material]!)),
    ...said('finish_type', 0.1, () => texts((of) => `${shade(of)} ${of.material[material]}`)),
    item_id: itemIdOf(seed, product * MOST_LISTINGS_OF_A_PRODUCT + (sameItem ? 0 : nth)),
    ...said('item_dimensions', 0.3, () => dimensionsOf(item)),
    item_name: texts((of) => `${brand} ${style} ${word(of)} ${model}${titled(of)}`),
    ...said('item_shape', 0.08, () => texts(() => item.pick('shape', ['Round', 'Square', 'Oval']))),
    ...said('item_weight', 0.9, () => [measure('pounds', item.range('weight', 0.1, 90))]),
    ...said('material', 0.4, () => texts((of) => of.material[material]!)),
    ...said('model_name', 0.6, () => texts(() => style)),
    ...said('model_number', 0.7, () => [{ value: model }]),
    ...said('model_year', 0.1, () => [{ value: line.integer('year', 2010, 2020) }]),
    ...said('pattern', 0.1, () => texts(() => item.pick('pattern', ['Solid', 'Striped', 'Floral']))),
    ...said('product_description', 0.1, () => some('description', [1, 1], [60, 200])),
    // The official readme says a plain string, the files have an array.
    ...(type !== undefined && { product_type: row.chance('plain-type', 0.02) ? type : [{ value: type }] }),
    ...said('style', 0.3, () => texts(() => style)),
    ...(main !== undefined && { main_image_id: imageIdOf(seed, main) }),
    ...(others.length > 0 && { other_image_id: others.map((image) => imageIdOf(seed, image)) }),
    ...said('item_keywords', 0.85, () => some('keywords', [3, 12], [1, 4])),
    ...said('3dmodel_id', 0.054, () => itemIdOf(seed, index)),
    ...said('spin_id', 0.056, () => row.integer('spin', 0x10000000, 0xffffffff).toString(16)),
    country: market.country,
    marketplace: 'Amazon',
    domain_name: market.domain,
    ...said('node', 0.95, () => {
      const names = [words.root, departmentOf(type ?? '', language), word(words)] as const;
      return [nodeOf(random, row, names, style)];
    }),
  });
}

/** Different markets for the listings of one product. */
function marketOf(item: Draws, nth: number): Market {
  const first = item.weighted('market', MARKET_WEIGHTS);
  const step = item.integer('market-step', 1, Math.floor((MARKETS.length - 1) / MOST_LISTINGS_OF_A_PRODUCT));
  return MARKETS[(first + nth * step) % MARKETS.length]!;
}

function measure(unit: string, value: number) {
  const rounded = Number(value.toFixed(2));
  return { normalized_value: { unit, value: rounded }, unit, value: rounded };
}

function dimensionsOf(item: Draws) {
  const axis = (name: string) => measure('inches', item.range(name, 1, 70));
  return { height: axis('height'), length: axis('length'), width: axis('width') };
}

function phrase(draws: Draws, words: readonly string[], [least, most]: readonly [number, number]): string {
  const length = draws.integer('length', least, most);
  return Array.from({ length }, (_, at) => draws.pick(`${at}`, words)).join(' ');
}

/** Depths differ, some begin elsewhere; the official readme says `path`, the files `node_name`. */
function nodeOf(
  random: RandomSource,
  row: Draws,
  names: readonly [root: string, ...inner: string[]],
  style: string,
) {
  const start = row.chance('self-service', 0.05) ? ['Self Service'] : [];
  const path = `/${[...start, ...names, ...(row.chance('deep', 0.4) ? [style] : [])].join('/')}`;
  const id = 100_000_000 + random.integer(2 ** 32, 'node', path);
  return { node_id: id, [row.chance('path', 0.05) ? 'path' : 'node_name']: path };
}
