import type { Listing, View, ViewRole } from '../records.js';
import type { Stage } from '../stage.js';
import { mapBlocks } from '../streams.js';

/** Whose images become views: all of a listing's, or its main one alone. */
export interface ExplodeOptions {
  views: 'all' | 'main';
}

/** Listings → views: one record an (image, listing) pair; a listing without images is dropped. */
export function explode({ views }: ExplodeOptions): Stage<Listing, View> {
  return {
    name: 'explode',
    run: (source, { account }) =>
      mapBlocks(source, (listings) => {
        const exploded: View[] = [];
        for (const listing of listings) {
          const before = exploded.length;
          for (const view of viewsOf(listing)) {
            if (views === 'all' || view.role === 'main') exploded.push(view);
          }
          const count = exploded.length - before;
          if (count > 0) account.added(count - 1);
          else {
            const hidden = views === 'main' && listing.otherImageIds.length > 0;
            account.dropped(listing.itemId, hidden ? 'no-main-image' : 'no-image');
          }
        }
        return exploded;
      }),
  };
}

/** A listing's views: its main image first, each image id once. */
export function viewsOf(listing: Listing): View[] {
  const { mainImageId, otherImageIds } = listing;
  const views: View[] = [];
  if (mainImageId !== undefined) views.push(viewOf(listing, mainImageId, 'main'));
  for (const imageId of differing(otherImageIds)) {
    if (imageId !== mainImageId) views.push(viewOf(listing, imageId, 'other'));
  }
  return views;
}

/** Up to so many ids are compared with each other sooner than a set of them is made. */
const FEW = 16;

function differing(ids: readonly string[]): Iterable<string> {
  if (ids.length > FEW) return new Set(ids);
  return ids.every((id, at) => ids.indexOf(id) === at) ? ids : new Set(ids);
}

/** Each field is there, so that all views are alike to the compiler. */
function viewOf(listing: Listing, imageId: string, role: ViewRole): View {
  const { itemId, marketplace, domain, country, attributes, digest, shard, line } = listing;
  return { imageId, role, itemId, marketplace, domain, country, attributes, listing: digest, shard, line };
}
