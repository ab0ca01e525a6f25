import { bijection, type RandomSource } from '../../random.js';
import { BOILERPLATE_TYPE, type Boilerplate, boilerplate, boilerplateProducts } from './boilerplate.js';
import { type Conflicts, conflicts } from './conflicts.js';
import { type AboProducts, type AboSize, cutProducts, numbersIn, scaledTypes, sizeOf } from './products.js';
import type { TypeCount } from './types.js';

/** Shares of further listings of a product that show half of its images, and of listings whose images are all others. */
const SHOWS_HALF = 0.25;
const NO_MAIN_IMAGE = 0.005;

/** A listing as it is written; images and types by number. */
export interface AboListing {
  index: number;
  /** 0-based line over all shards. */
  place: number;
  product: number;
  /** Among the product's listings, by place. */
  nth: number;
  /** Index into `types`; absent: it says none. */
  type?: number;
  /** An image's number. */
  main?: number;
  others: readonly number[];
}

/** A whole dump, in some 20 bytes a listing. Lines are a permutation of the listings. */
export interface AboPlan {
  size: AboSize;
  types: readonly TypeCount[];
  /** Listings without images are products of their own. */
  products: number;
  /** A product's listings in the order of their lines. */
  listingsOf(product: number): AboListing[];
  /** The listing of a line. */
  at(place: number): AboListing;
  isBoilerplate(image: number): boolean;
}

/**
 * A dump of ABO's proportions.
 * @param listings enough for V2's classes to be told from what it leaves out: at least 2,500.
 * @throws {PipelineError} `USAGE` as `boilerplate`.
 */
export function planAbo(random: RandomSource, listings: number): AboPlan {
  const size = sizeOf(listings);
  const types = scaledTypes(size);
  const products = cutProducts(random, types, size);
  const lines = bijection(listings, random.seed, 'lines');
  const placeOf = new Int32Array(listings);
  for (let place = 0; place < listings; place++) placeOf[lines(place)] = place;

  const type = types.findIndex(({ name }) => name === BOILERPLATE_TYPE);
  const { first, count } = boilerplateProducts(products, type);
  const agrees = (product: number) => product >= first && product < first + count;
  const disagree = conflicts(random, { products, types, agrees });
  const given = { random, types, products, placeOf, agrees, disagree };
  let own = 0;
  for (let product = 0; product < products.count; product++) {
    for (const listing of ownListings(product, given)) own += imagesOf(listing).length;
  }
  const shared = boilerplate(random, { products, type, size, own });

  const shown = listings - size.listingsWithoutImage;
  const productOf = new Int32Array(listings);
  for (let product = 0; product < products.count; product++) {
    const { first: from, end } = products.listings(product);
    productOf.fill(product, from, end);
  }
  for (let index = shown; index < listings; index++) productOf[index] = products.count + index - shown;
  const listingsOf = (product: number): AboListing[] =>
    product < products.count
      ? ownListings(product, given).map((listing) => withBoilerplate(listing, shared))
      : [withoutImages(product, shown + product - products.count, given)];
  return {
    size,
    types,
    products: products.count + size.listingsWithoutImage,
    listingsOf,
    at: (place) => listingsOf(productOf[lines(place)]!).find((listing) => listing.place === place)!,
    isBoilerplate: shared.has,
  };
}

/** A listing's images, its main one first. */
export function imagesOf({ main, others }: AboListing): number[] {
  return main === undefined ? [...others] : [main, ...others];
}

interface Given {
  random: RandomSource;
  types: readonly TypeCount[];
  products: AboProducts;
  placeOf: Int32Array;
  agrees(product: number): boolean;
  disagree: Conflicts;
}

/** A product's listings in the order of their lines, without the boilerplate in them. */
function ownListings(product: number, { random, types, products, placeOf, agrees, disagree }: Given) {
  const images = numbersIn(products.images(product));
  const indices = numbersIn(products.listings(product)).sort((a, b) => placeOf[a]! - placeOf[b]!);
  const conflict = disagree.of(product);
  const own = products.typeOf(product);
  return indices.map((index, nth): AboListing => {
    const listing = { index, place: placeOf[index]!, product, nth };
    const typed = own === types.length - 1 ? listing : { ...listing, type: own };
    const other = () => ({ ...listing, type: disagree.otherType(product) });
    const all = { main: images[0]!, others: images.slice(1) };
    switch (conflict) {
      case 'retyped':
        return nth > 0 ? { ...other(), ...all } : { ...typed, ...all };
      case 'late-main':
        return nth === 0 ? { ...other(), others: images.slice(0, 1) } : { ...typed, ...all };
      case 'untyped-first':
        return nth === 0 ? { ...listing, ...all } : { ...typed, ...all };
      default: {
        if (agrees(product)) return { ...typed, ...all };
        const half = nth > 0 && random.uniform('half', index) < SHOWS_HALF;
        const seen = half ? images.slice(0, Math.ceil(images.length / 2)) : images;
        const noMain = random.uniform('no-main', index) < NO_MAIN_IMAGE;
        return noMain ? { ...typed, others: seen } : { ...typed, main: seen[0]!, others: seen.slice(1) };
      }
    }
  });
}

function withBoilerplate(listing: AboListing, shared: Boilerplate): AboListing {
  const image = shared.of(listing.index, listing.product);
  return image === undefined ? listing : { ...listing, others: [...listing.others, image] };
}

/** A listing of any type but the phone cases, which stand first. */
function withoutImages(product: number, index: number, { random, types, placeOf }: Given): AboListing {
  const type = 1 + random.integer(types.length - 2, 'no-image', index);
  return { index, place: placeOf[index]!, product, nth: 0, type, others: [] };
}
