import type { Listing, View, ViewRole } from '../records.js';
import type { Stage } from '../stage.js';

/** Whose images become views: all of a listing's, or its main one alone. */
export interface ExplodeOptions {
  views: 'all' | 'main';
}

/** Listings → views: one record an (image, listing) pair; a listing without images is dropped. */
export function explode({ views }: ExplodeOptions): Stage<Listing, View> {
  return {
    name: 'explode',
    async *run(source, { account }) {
      for await (const listing of source) {
        const exploded = viewsOf(listing).filter(({ role }) => views === 'all' || role === 'main');
        if (exploded.length === 0) {
          const reason = views === 'main' && listing.otherImageIds.length > 0 ? 'no-main-image' : 'no-image';
          account.dropped(listing.itemId, reason);
          continue;
        }
        account.added(exploded.length - 1);
        yield* exploded;
      }
    },
  };
}

/** A listing's views: its main image first, each image id once. */
export function viewsOf(listing: Listing): View[] {
  const { itemId, mainImageId, otherImageIds, attributes, digest } = listing;
  const { marketplace, domain, country, shard, line } = listing;
  const roles = new Map<string, ViewRole>();
  if (mainImageId !== undefined) roles.set(mainImageId, 'main');
  for (const imageId of otherImageIds) if (!roles.has(imageId)) roles.set(imageId, 'other');
  return [...roles].map(([imageId, role]) => ({
    imageId,
    role,
    itemId,
    ...(marketplace !== undefined && { marketplace }),
    ...(domain !== undefined && { domain }),
    ...(country !== undefined && { country }),
    attributes,
    listing: digest,
    ...(shard !== undefined && { shard }),
    ...(line !== undefined && { line }),
  }));
}
