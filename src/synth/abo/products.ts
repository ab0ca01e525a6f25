import type { RandomSource } from '../../random.js';
import { ABO, PHONE_CASE, shareOut, type TypeCount, typeCounts } from './types.js';

/** Listings without any image, of ABO's number of listings: invented. */
const NO_IMAGE = 300;
/** On average; a product has 1 to 3. */
const LISTINGS_PER_PRODUCT = 2;

/** How many there are of everything: ABO's own at its own number of listings, in proportion at others. */
export interface AboSize {
  listings: number;
  listingsWithoutImage: number;
  tableRows: number;
  named: number;
  views: number;
  /** 1 at ABO's size. */
  scale: number;
}

/** Products with images, of the same type side by side; so are their listings and images, which are numbers. */
export interface AboProducts {
  count: number;
  typeOf(product: number): number;
  images(product: number): Range;
  listings(product: number): Range;
  /** The products of a type. */
  ofType(type: number): Range;
}

/** Numbers from `first` on, before `end`. */
export interface Range {
  first: number;
  end: number;
}

export function numbersIn({ first, end }: Range): number[] {
  return Array.from({ length: end - first }, (_, nth) => first + nth);
}

export function sizeOf(listings: number): AboSize {
  const scale = listings / ABO.listings;
  const scaled = (count: number) => Math.round(count * scale);
  return {
    listings,
    listingsWithoutImage: scaled(NO_IMAGE),
    tableRows: scaled(ABO.images),
    named: scaled(ABO.named),
    views: scaled(ABO.views),
    scale,
  };
}

/** All types with so many images in all; the last one is what says none. */
export function scaledTypes({ named }: AboSize): TypeCount[] {
  const full = typeCounts();
  const shares = shareOut(
    named,
    full.map(({ images }) => images),
  );
  return full.map((type, at) => ({ ...type, images: shares[at]! }));
}

/** Cuts each type's images and listings into products; in some ten bytes a product. */
export function cutProducts(random: RandomSource, types: readonly TypeCount[], size: AboSize): AboProducts {
  const listings = listingsOfTypes(types, size);
  const parts = listings.map((own) => (own === 0 ? 0 : Math.max(1, Math.floor(own / LISTINGS_PER_PRODUCT))));
  const ends = runningSum(parts);
  const count = ends.at(-1)!;
  const typeOf = new Uint16Array(count);
  const firstImage = new Int32Array(count + 1);
  const firstListing = new Int32Array(count + 1);
  const imageEnds = runningSum(types.map(({ images }) => images));
  const listingEnds = runningSum(listings);
  for (const [type, { images }] of types.entries()) {
    const cut = (what: string, part: number, total: number) =>
      partStart(part, { parts: parts[type]!, total }, (bound) => random.integer(bound, what, type, part));
    const before = ends[type]! - parts[type]!;
    for (let part = 0; part < parts[type]!; part++) {
      typeOf[before + part] = type;
      firstImage[before + part] = imageEnds[type]! - images + cut('images', part, images);
      firstListing[before + part] =
        listingEnds[type]! - listings[type]! + cut('listings', part, listings[type]!);
    }
  }
  firstImage[count] = imageEnds.at(-1)!;
  firstListing[count] = listingEnds.at(-1)!;
  return {
    count,
    typeOf: (product) => typeOf[product]!,
    images: (product) => ({ first: firstImage[product]!, end: firstImage[product + 1]! }),
    listings: (product) => ({ first: firstListing[product]!, end: firstListing[product + 1]! }),
    ofType: (type) => ({ first: ends[type]! - parts[type]!, end: ends[type]! }),
  };
}

/** ABO's number for phone cases, the others by their images; one at least where there are images. */
function listingsOfTypes(types: readonly TypeCount[], size: AboSize): number[] {
  const phoneCases = Math.round(ABO.phoneCases * size.scale);
  const others = types.map(({ name, images }) => (name === PHONE_CASE ? 0 : images));
  const present = others.filter((images) => images > 0).length;
  const rest = size.listings - size.listingsWithoutImage - phoneCases - present;
  return shareOut(rest, others).map((share, type) => {
    if (types[type]!.name === PHONE_CASE) return phoneCases;
    return others[type]! > 0 ? share + 1 : 0;
  });
}

/** Where a part begins when a total is cut into so many: unevenly, and none is empty. */
function partStart(
  part: number,
  { parts, total }: { parts: number; total: number },
  draw: (bound: number) => number,
): number {
  if (part === 0) return 0;
  return Math.floor((total * part) / parts) + draw(Math.floor(total / parts));
}

function runningSum(numbers: readonly number[]): number[] {
  let sum = 0;
  return numbers.map((number) => {
    sum += number;
    return sum;
  });
}
