import type { RandomSource } from '../../random.js';
import type { AboProducts } from './products.js';
import { PHONE_CASE, type TypeCount } from './types.js';

/**
 * What a product's listings say of its type, earliest line first, and the shares of products with several listings.
 * Each image's first type stays the product's own, main views before others.
 * - `retyped`: the first says it, the later ones another. The last view says otherwise, the majority where there are three.
 * - `late-main`: the first shows the main image among its others and says another type.
 * - `untyped-first`: the first says none.
 *
 * Phone cases agree: how many listings say so is known.
 */
const SHARES = [
  ['retyped', 0.04],
  ['late-main', 0.01],
  ['untyped-first', 0.02],
] as const;

export type Conflict = (typeof SHARES)[number][0];

export interface Conflicts {
  /** Undefined: its listings agree. */
  of(product: number): Conflict | undefined;
  /** The other type that they say. */
  otherType(product: number): number;
}

/** @param agrees products that must. */
export function conflicts(
  random: RandomSource,
  {
    products,
    types,
    agrees,
  }: { products: AboProducts; types: readonly TypeCount[]; agrees: (product: number) => boolean },
): Conflicts {
  const untyped = types.length - 1;
  const phoneCase = types.findIndex(({ name }) => name === PHONE_CASE);
  const { count, typeOf, listings } = products;
  return {
    of(product) {
      const { first, end } = listings(product);
      const type = typeOf(product);
      if (end - first < 2 || type === phoneCase || type === untyped || agrees(product)) return undefined;
      let left = random.uniform('conflict', product);
      return SHARES.find(([, share]) => {
        left -= share;
        return left < 0;
      })?.[0];
    },
    // As often a frequent type as any one.
    otherType(product) {
      const frequent = random.uniform('other', product) < 0.5;
      let type = frequent
        ? typeOf(random.integer(count, 'other-product', product))
        : random.integer(untyped, 'other-type', product);
      while (type === phoneCase || type === typeOf(product) || type === untyped)
        type = (type + 1) % types.length;
      return type;
    },
  };
}
