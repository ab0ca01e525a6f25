import { type Chosen, chooseValues, type Details, type LanguagePreference } from '../attributes.js';
import type { JoinedView, ViewRole } from '../records.js';

/** One image id with all of its views. */
export interface Image {
  imageId: string;
  path: string;
  file: string;
  width: number;
  height: number;
  views: { role: ViewRole; itemId: string; values: Chosen; details: Details }[];
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
  const listings = new Map<string, { values: Chosen; details: Details }>();
  // Few are different: units, languages, standardized colours.
  const details = new Map<string, Details>();
  return {
    add({ imageId, path, file, width, height, role, itemId, listing, attributes }) {
      let chosen = listings.get(listing);
      if (chosen === undefined) {
        chosen = chooseValues(attributes, languages);
        const known = JSON.stringify(chosen.details);
        chosen.details = details.get(known) ?? chosen.details;
        details.set(known, chosen.details);
        listings.set(listing, chosen);
      }
      const view = { role, itemId, ...chosen };
      const image = images.get(imageId);
      if (image === undefined) images.set(imageId, { imageId, path, file, width, height, views: [view] });
      else image.views.push(view);
      return image !== undefined;
    },
    images: () => [...images.values()],
  };
}
