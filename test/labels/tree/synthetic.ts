import type { ClassedItems } from '#src/labels/tree/evidence.js';
import { collectNodes, type ListingNodes } from '#src/labels/tree/nodes.js';
import { randomSource } from '#src/random.js';
import { parseRow } from '#src/stages/parse.js';
import { listingRow } from '#src/synth/listing.js';
import { planDump } from '#src/synth/plan.js';

/** The listings of a synthetic dump with their products' photos, none of which is drawn. */
export function syntheticListings(
  listings: number,
  { seed = 1, languages }: { seed?: number; languages?: readonly string[] } = {},
): { photos: ClassedItems[]; nodes: ListingNodes } {
  const random = randomSource(seed, 'synth');
  const nodes = collectNodes();
  const photos = new Map<string, { label: string; items: string[] }>();
  for (const product of planDump(random, listings)) {
    const own = new Set(product.photos.map(({ imageId }) => imageId));
    for (const plan of product.listings) {
      if (languages !== undefined && !languages.includes(plan.market.language.slice(0, 2))) continue;
      const { listing } = parseRow({ text: listingRow(random, plan, product.ordinal) });
      nodes.observe(listing);
      for (const id of [listing.mainImageId, ...listing.otherImageIds]) {
        if (id === undefined || !own.has(id)) continue;
        const photo = photos.get(id) ?? { label: product.type, items: [] };
        photo.items.push(listing.itemId);
        photos.set(id, photo);
      }
    }
  }
  return { photos: [...photos.values()], nodes };
}
