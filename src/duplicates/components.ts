import { matchKey } from '../attributes.js';
import { setsOf } from '../union-find.js';
import { BOILERPLATE } from './boilerplate.js';
import type { Keyed } from './bridges.js';
import { joinLinks, type Link } from './links.js';
import type { Picture } from './picture.js';

/** An image that more items show ties none of them, even where boilerplate is kept. */
export const MOST_ITEMS = BOILERPLATE.listings;
/** Shorter names, in characters, are too common to say that two items are one. */
const SHORTEST_NAME = 12;

/** The items that show each picture. */
export function itemKeys(pictures: readonly Picture[]): Keyed[] {
  return pictures.flatMap(({ images }, index) => {
    const items = new Set(images.flatMap(({ views }) => views.map(({ itemId }) => itemId)));
    return items.size > MOST_ITEMS ? [] : [...items].map((item) => [index, item] as const);
  });
}

/** The names of the items that show each picture. */
export function nameKeys(pictures: readonly Picture[]): Keyed[] {
  return pictures.flatMap(({ images }, index) => {
    const views = images.flatMap((image) => image.views);
    const names = views.map(({ values }) => matchKey(values['item_name'] ?? ''));
    return [...new Set(names)]
      .filter((name) => name.length >= SHORTEST_NAME)
      .map((name) => [index, name] as const);
  });
}

/** Each picture's component: the smallest image id of all that are linked with it. */
export function componentsOf(pictures: readonly Picture[], links: readonly Link[]): string[] {
  const components = new Array<string>(pictures.length);
  for (const members of setsOf(pictures.length, joinLinks(pictures.length, links))) {
    let smallest = pictures[members[0]!]!.representative.imageId;
    for (const member of members) {
      for (const { imageId } of pictures[member]!.images) if (imageId < smallest) smallest = imageId;
    }
    for (const member of members) components[member] = smallest;
  }
  return components;
}
