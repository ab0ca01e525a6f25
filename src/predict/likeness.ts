import type { Side } from '../records.js';
import type { Gallery } from '../similar/gallery.js';

/** How like a photo is to the likest that a task's model learned from: −1..1. */
export type Likeness = (embedding: ArrayLike<number>, withoutComponent?: string) => number;

/** @returns undefined where the gallery has no photo of the train side with a label of the task. */
export function likenessTo(gallery: Gallery, task: string): Likeness | undefined {
  const learned = photosOf(gallery, task, 'train');
  if (!learned.includes(1)) return undefined;
  const where = (index: number) => learned[index] === 1;
  return (embedding, withoutComponent) =>
    gallery.nearest(embedding, { count: 1, where, withoutComponent })[0]?.similarity ?? -1;
}

/** By index in the gallery: 1 for the photos of one side that have a label of a task. */
export function photosOf(gallery: Gallery, task: string, side: Side): Uint8Array {
  return Uint8Array.from({ length: gallery.length }, (_, index) =>
    gallery.side(index) === side && Object.hasOwn(gallery.photo(index).labels, task) ? 1 : 0,
  );
}
