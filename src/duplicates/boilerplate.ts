import { matchKey } from '../attributes.js';
import type { Picture } from './picture.js';

/** How often a picture may be shown; what is shown more often says nothing of an item: a logo, a size chart. */
export interface BoilerplateLimits {
  listings: number;
  /** Product types. */
  types: number;
}

/** What counts as boilerplate unless a recipe or an option says otherwise; some types share a photo by right. */
export const BOILERPLATE: BoilerplateLimits = { listings: 50, types: 5 };

/**
 * In how many listings (rows) a picture stands, of how many product types, where either is too many; else undefined. As
 * `explore` counts them.
 */
export function boilerplateOf(
  { images }: Pick<Picture, 'images'>,
  limits: BoilerplateLimits,
): BoilerplateLimits | undefined {
  const shown = images.reduce((sum, { views }) => sum + views.length, 0);
  if (shown <= Math.min(limits.listings, limits.types)) return undefined;
  const views = images.flatMap((image) => image.views);
  const listings = new Set(views.map(({ listing }) => listing)).size;
  const written = new Set(views.flatMap(({ values }) => values['product_type'] ?? []));
  const types = new Set([...written].map(matchKey)).size;
  return listings > limits.listings || types > limits.types ? { listings, types } : undefined;
}
