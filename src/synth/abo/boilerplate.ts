import { PipelineError } from '../../errors.js';
import type { RandomSource } from '../../random.js';
import type { AboProducts, AboSize } from './products.js';

/** Pictures that stand in listings of any type, at most. */
const MOST = 24;
/** What the listings say that show them as their main image; V2 drops it, so that they are in none of its classes. */
export const BOILERPLATE_TYPE = 'OFFICE_PRODUCTS';

/** Pictures that many listings of any type show among their others, such as size charts and logos. */
export interface Boilerplate {
  /** Whether it is the main image of this product. */
  isMainOf(product: number): boolean;
  /** The image that a listing of a product shows beside its own, if any. */
  of(listing: number, product: number): number | undefined;
  has(image: number): boolean;
}

/**
 * Gives as many listings one of these pictures as views are wanting, evenly spread; the first picture gets a good
 * quarter of them, the others ever fewer.
 * @param own views without boilerplate.
 * @throws {PipelineError} `USAGE` where there are more views than ABO has, or too few: only on small dumps.
 */
export function boilerplate(
  random: RandomSource,
  { products, type, size, own }: { products: AboProducts; type: number; size: AboSize; own: number },
): Boilerplate {
  const shown = size.listings - size.listingsWithoutImage;
  const views = size.views - own;
  if (views < 0 || views > shown) {
    throw new PipelineError(
      'USAGE',
      `Expected a seed whose products have ${size.views - shown} to ${size.views} views but seed ${random.seed} gives ${own}`,
      { hint: 'Name another --seed or more --listings.' },
    );
  }
  const { first, count } = boilerplateProducts(products, type);
  const images = Array.from({ length: count }, (_, nth) => products.images(first + nth).first);
  const weights = images.map((_, rank) => 1 / (rank + 1));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const draw = (listing: number) => {
    let left = random.uniform('boilerplate', listing) * all;
    return weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
  };
  const upTo = (listings: number) => Math.floor((listings * views) / shown);
  const set = new Set(images);
  return {
    isMainOf: (product) => product >= first && product < first + count,
    of(listing, product) {
      if (listing >= shown || upTo(listing + 1) === upTo(listing)) return undefined;
      const nth = Math.max(draw(listing), 0);
      return images[first + nth === product ? (nth + 1) % count : nth];
    },
    has: (image) => set.has(image),
  };
}

/** The first products of the type: the main image of each is boilerplate. */
export function boilerplateProducts(products: AboProducts, type: number): { first: number; count: number } {
  const { first, end } = products.ofType(type);
  return { first, count: Math.min(MOST, end - first) };
}
