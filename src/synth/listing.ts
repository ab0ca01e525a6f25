import type { RandomSource } from '../random.js';
import { CATALOGUE, type Language, PRODUCT_TYPES, WORN } from './catalogue.js';
import { type Draws, drawsFor } from './draws.js';
import { imageIdOf, itemIdOf, numberOf, SHARED_PRODUCT } from './ids.js';
import { COLOURS } from './palette.js';
import type { Product } from './product.js';

/** Places of a product's images among its numbers; views stand at 0..2. */
export const COPY_PLACE = 8;
export const UNKNOWN_PLACE = 16;
export const ORPHAN_PLACE = 17;
/** Places of the images that all products share. */
export const BOILERPLATE = { 'size-chart': 0, logo: 1 } as const;

interface Marketplace {
  marketplace: string;
  domain: string;
  country: string;
  language: Language;
}

const MARKETPLACES: readonly Marketplace[] = [
  { marketplace: 'Amazon', domain: 'amazon.com', country: 'US', language: 'en_US' },
  { marketplace: 'Amazon', domain: 'amazon.de', country: 'DE', language: 'de_DE' },
  { marketplace: 'Amazon', domain: 'amazon.nl', country: 'NL', language: 'nl_NL' },
  { marketplace: 'Amazon', domain: 'amazon.co.jp', country: 'JP', language: 'ja_JP' },
];
const COLOUR_NAMES: Readonly<Record<Language, readonly string[]>> = {
  en_US: COLOURS,
  de_DE: ['Schwarz', 'Weiß', 'Grau', 'Braun', 'Beige', 'Rot', 'Blau', 'Grün', 'Gelb', 'Rosa'],
  nl_NL: ['Zwart', 'Wit', 'Grijs', 'Bruin', 'Beige', 'Rood', 'Blauw', 'Groen', 'Geel', 'Roze'],
  ja_JP: [
    'ブラック',
    'ホワイト',
    'グレー',
    'ブラウン',
    'ベージュ',
    'レッド',
    'ブルー',
    'グリーン',
    'イエロー',
    'ピンク',
  ],
};
const MATERIALS = ['Leather', 'Cotton', 'Wood', 'Metal', 'Polyester'];

/** A product's rows, as ABO ships them: objects whose keys and shapes are those of real rows. */
export function listingRows(random: RandomSource, product: Product): object[] {
  const rows = Array.from({ length: product.listings }, (_, place) => row(random, product, place, place));
  // What is said twice: the same row again, and another row under the same item id.
  if (product.traits.has('row-twice')) rows.push(rows[0]!);
  if (product.traits.has('id-twice')) rows.push(row(random, product, 0, product.listings));
  return rows;
}

function row(random: RandomSource, product: Product, itemPlace: number, place: number): object {
  const draws = drawsFor(random, `listing ${product.index} ${place}`);
  const first = drawsFor(random, `product ${product.index}`).integer('market', 0, 1);
  const { marketplace, domain, country, language } = MARKETPLACES[(first + place) % MARKETPLACES.length]!;
  const text = (value: string, tag: Language = language) => ({ language_tag: tag, value });
  const { names, department } = CATALOGUE[product.type];
  const colour = colourOf(product, place);
  const name = `${product.brand} ${COLOUR_NAMES[language][colour]} ${names[language]} ${modelOf(random, product)}`;
  const english = language !== 'en_US' && draws.chance('english too', 0.3);
  const entries: [string, unknown][] = [
    ['item_id', itemIdOf(numberOf(product.index, itemPlace), random.seed)],
    ['domain_name', domain],
    ['marketplace', marketplace],
    ['country', country],
    [
      'item_name',
      [text(name), ...(english ? [text(`${product.brand} ${COLOURS[colour]} ${names.en_US}`, 'en_US')] : [])],
    ],
    ['brand', [text(product.brand)]],
    ['product_type', typeOf(product, place, draws)],
    [
      'color',
      product.traits.has('no-colour')
        ? undefined
        : [{ ...text(COLOUR_NAMES[language][colour]!), standardized_values: [COLOURS[colour]] }],
    ],
    ['material', draws.chance('material', 0.5) ? [text(draws.pick('material name', MATERIALS))] : undefined],
    [
      'bullet_point',
      draws.chance('bullets', 0.8)
        ? [text(`${names[language]}, ${COLOUR_NAMES[language][colour]}`)]
        : undefined,
    ],
    ['item_keywords', [text(names[language].toLowerCase()), text(product.brand.toLowerCase())]],
    ['node', [node(draws, department, names.en_US)]],
    ['item_dimensions', draws.chance('dimensions', 0.6) ? dimensions(draws) : undefined],
    ['item_weight', draws.chance('weight', 0.7) ? [weight(draws.range('kilograms', 0.2, 30))] : undefined],
    ['model_number', [{ value: modelOf(random, product) }]],
    [
      'model_year',
      draws.chance('year', 0.3) ? [{ value: draws.integer('model year', 2012, 2021) }] : undefined,
    ],
    ...images(random, product, place, draws),
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** `[{value}]`, and sometimes the plain text of ABO's own readme. */
function typeOf(product: Product, place: number, draws: Draws): unknown {
  if (product.traits.has('no-type')) return undefined;
  const other = PRODUCT_TYPES[(PRODUCT_TYPES.indexOf(product.type) + 1) % PRODUCT_TYPES.length]!;
  const value = product.traits.has('type-conflict') && place === product.listings - 1 ? other : product.type;
  return draws.chance('plain type', 0.1) ? value : [{ value }];
}

function colourOf(product: Product, place: number): number {
  const colour = COLOURS.indexOf(product.colour);
  const other = product.traits.has('colour-conflict') && place === product.listings - 1;
  return other ? (colour + 1) % COLOURS.length : colour;
}

function modelOf(random: RandomSource, product: Product): string {
  return `${product.type.slice(0, 2)}-${1000 + random.integer(9000, 'model', product.index)}`;
}

function node(draws: Draws, department: string, name: string): object {
  const path = `/Categories/${department}/${name}s`;
  const id = { node_id: draws.integer('node', 1e6, 9e6) };
  return draws.chance('old node', 0.1) ? { ...id, path } : { ...id, node_name: path };
}

function dimensions(draws: Draws): object {
  const axes = ['height', 'length', 'width'].map((axis) => {
    const inches = Math.round(draws.range(axis, 2, 60) * 10) / 10;
    const size = { unit: 'inches', value: inches };
    return [axis, { normalized_value: size, ...size }];
  });
  return Object.fromEntries(axes) as object;
}

function weight(kilograms: number): object {
  const rounded = Math.round(kilograms * 100) / 100;
  const pounds = Math.round(kilograms * 2.2046 * 100) / 100;
  return { normalized_value: { unit: 'pounds', value: pounds }, unit: 'kilograms', value: rounded };
}

function images(random: RandomSource, product: Product, place: number, draws: Draws): [string, unknown][] {
  if (product.traits.has('no-image')) return [];
  const idOf = (at: number) => imageIdOf(numberOf(product.index, at), random.seed);
  const shared = (kind: keyof typeof BOILERPLATE) =>
    imageIdOf(numberOf(SHARED_PRODUCT, BOILERPLATE[kind]), random.seed);
  const main = product.copy !== 'shared' && place === 1 ? idOf(COPY_PLACE) : idOf(0);
  const others = Array.from({ length: product.views - 1 }, (_, view) => idOf(view + 1));
  if (product.traits.has('image-unknown')) others.push(idOf(UNKNOWN_PLACE));
  if (WORN.has(product.type) && draws.chance('size chart', 0.3)) others.push(shared('size-chart'));
  if (draws.chance('logo', 0.06)) others.push(shared('logo'));
  if (product.traits.has('no-main')) return [['other_image_id', [main, ...others]]];
  return [
    ['main_image_id', main],
    ['other_image_id', others.length > 0 ? others : undefined],
  ];
}

/** A row's JSON as ABO writes it: everything outside ASCII escaped. */
export function rowText(row: object): string {
  return JSON.stringify(row).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
