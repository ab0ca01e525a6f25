import { type Chosen, chooseValues, type Details, type LanguagePreference } from '../attributes.js';
import type { JoinedView, PhotoView, ViewRole } from '../records.js';

/** What one view says of its image. The images that a listing shows in one role share it. */
export interface ImageView {
  role: ViewRole;
  itemId: string;
  values: Chosen;
  details: Details;
  /** As the photo keeps it. */
  view: PhotoView;
}

/** A listing's values, and its views by role: millions of views need hundreds of thousands of these. */
type ListingViews = Pick<ImageView, 'values' | 'details'> & Partial<Record<ViewRole, ImageView>>;

/** One image id with all of its views. */
export interface Image {
  imageId: string;
  path: string;
  file: string;
  width: number;
  height: number;
  views: ImageView[];
}

/**
 * Gathers views by image id, in the order in which image ids first arrive.
 * @param languages which of a listing's texts is its value.
 */
export function imageCollection(languages?: LanguagePreference): {
  /** Whether the view's image was there before. */
  add(view: JoinedView): boolean;
  images(): Image[];
} {
  const images = new Map<string, Image>();
  // A listing's views share its attributes: chosen once, and held once.
  const listings = new Map<string, ListingViews>();
  // Few are different: units, languages, standardized colours.
  const details = new Map<string, Details>();
  // Each row has its own copy of a marketplace's few names.
  const names = new Map<string, string>();
  const interned = (name: string): string => {
    const known = names.get(name) ?? name;
    names.set(name, known);
    return known;
  };
  const photoView = ({ itemId, role, marketplace, domain, country }: JoinedView): PhotoView => ({
    itemId,
    role,
    ...(marketplace !== undefined && { marketplace: interned(marketplace) }),
    ...(domain !== undefined && { domain: interned(domain) }),
    ...(country !== undefined && { country: interned(country) }),
  });
  return {
    add(joined) {
      const { imageId, path, file, width, height, role, itemId, listing, attributes } = joined;
      let known = listings.get(listing);
      if (known === undefined) {
        const chosen = chooseValues(attributes, languages);
        const text = JSON.stringify(chosen.details);
        known = { values: chosen.values, details: details.get(text) ?? chosen.details };
        details.set(text, known.details);
        listings.set(listing, known);
      }
      const { values, details: shared } = known;
      known[role] ??= { role, itemId, values, details: shared, view: photoView(joined) };
      const view = known[role];
      const image = images.get(imageId);
      if (image === undefined) images.set(imageId, { imageId, path, file, width, height, views: [view] });
      else image.views.push(view);
      return image !== undefined;
    },
    images: () => [...images.values()],
  };
}
