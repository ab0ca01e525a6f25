import { matchKey } from '../attributes.js';
import { remember } from '../remember.js';
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
export function itemKeys(pictures: readonly Picture[]): Iterable<Keyed> {
  return keysOf(pictures, ({ images }) => {
    const items = new Set<string>();
    for (const { views } of images) for (const { itemId } of views) items.add(itemId);
    return items.size > MOST_ITEMS ? [] : items;
  });
}

/** The names of the items that show each picture. */
export function nameKeys(pictures: readonly Picture[]): Iterable<Keyed> {
  const nameOf = remember(matchKey);
  return keysOf(pictures, ({ images }) => {
    const names = new Set<string>();
    for (const { views } of images) {
      for (const { values } of views) {
        const name = nameOf(values['item_name'] ?? '');
        if (name.length >= SHORTEST_NAME) names.add(name);
      }
    }
    return names;
  });
}

/** Made anew for each reading: all of a catalogue's at once would be its largest list. */
function keysOf(pictures: readonly Picture[], of: (picture: Picture) => Iterable<string>): Iterable<Keyed> {
  return {
    *[Symbol.iterator]() {
      for (const [index, picture] of pictures.entries()) for (const key of of(picture)) yield [index, key];
    },
  };
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
