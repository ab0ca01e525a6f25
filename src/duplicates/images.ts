import { type Chosen, chooseValues } from '../attributes.js';
import type { JoinedView, ViewRole } from '../records.js';

/** One image id with all of its views. */
export interface Image {
  imageId: string;
  path: string;
  file: string;
  width: number;
  height: number;
  views: { role: ViewRole; itemId: string; values: Chosen }[];
}

/** Gathers views by image id, in the order in which image ids first arrive. */
export function imageCollection(): {
  /** Whether the view's image was there before. */
  add(view: JoinedView): boolean;
  images(): Image[];
} {
  const images = new Map<string, Image>();
  // A listing's views share its attributes: chosen once, and held once.
  const listings = new Map<string, Chosen>();
  return {
    add({ imageId, path, file, width, height, role, itemId, listing, attributes }) {
      let values = listings.get(listing);
      if (values === undefined) {
        values = chooseValues(attributes);
        listings.set(listing, values);
      }
      const view = { role, itemId, values };
      const image = images.get(imageId);
      if (image === undefined) images.set(imageId, { imageId, path, file, width, height, views: [view] });
      else image.views.push(view);
      return image !== undefined;
    },
    images: () => [...images.values()],
  };
}
