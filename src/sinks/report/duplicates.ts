import type { DuplicateGroup, PrunedPicture } from '../../stages/deduplicate.js';
import type { ReportPhoto } from './data.js';

/** Groups that a page shows of each relation. */
export const SHOWN_GROUPS = 12;
/** Photos of one group that a page shows. */
export const SHOWN_PHOTOS = 6;
/** Pictures that are boilerplate that a page shows. */
export const SHOWN_BOILERPLATE = 24;

/** What deduplication found, with some of it to look at. */
export interface DuplicatesReport {
  same: RelationReport;
  family: RelationReport;
  boilerplate: {
    pictures: number;
    images: number;
    shown: (PrunedPicture & { photo: ReportPhoto | undefined })[];
  };
}

/** The groups of one relation. */
export interface RelationReport {
  groups: number;
  /** Image ids in them. */
  images: number;
  /** Pairs that say so, by ground. */
  grounds: Record<string, number>;
  shown: ShownGroup[];
}

/** A group, its representative first. */
export interface ShownGroup extends Pick<DuplicateGroup, 'representative' | 'pairs'> {
  images: number;
  /** Some of them; what the image table does not know has no photo. */
  photos: { imageId: string; photo: ReportPhoto | undefined }[];
}

/**
 * Chooses, as groups pass by, which a page shows: half for the largest distance of a pair, where a mistake would be seen
 * first, and half for their size. Holds those alone; the order of arrival changes nothing.
 */
export function relationCounter(): {
  add(group: DuplicateGroup): void;
  result(): Omit<RelationReport, 'shown'> & { shown: DuplicateGroup[] };
} {
  const widest = best<DuplicateGroup>(SHOWN_GROUPS, mostFirst<DuplicateGroup>(widthOf));
  const largest = best<DuplicateGroup>(
    SHOWN_GROUPS,
    mostFirst(({ images }) => images.length),
  );
  const grounds = new Map<string, number>();
  let groups = 0;
  let images = 0;
  return {
    add(group) {
      groups += 1;
      images += group.images.length;
      for (const { ground } of group.pairs) grounds.set(ground, (grounds.get(ground) ?? 0) + 1);
      if (widthOf(group) >= 0) widest.add(group);
      largest.add(group);
    },
    result() {
      const first = widest.result().slice(0, SHOWN_GROUPS / 2);
      const others = largest.result().filter((group) => !first.includes(group));
      const shown = [...first, ...others].slice(0, SHOWN_GROUPS);
      return { groups, images, grounds: Object.fromEntries([...grounds].sort()), shown };
    },
  };
}

/** The largest distance of a group's pairs in bits; −1 where none has one. */
export function widthOf({ pairs }: Pick<DuplicateGroup, 'pairs'>): number {
  return pairs.reduce((most, { distance = -1 }) => Math.max(most, distance), -1);
}

/** Orders by a size, the largest first, then by the representative. */
export function mostFirst<T extends { representative: string }>(sizeOf: (one: T) => number) {
  return (a: T, b: T) => sizeOf(b) - sizeOf(a) || (a.representative < b.representative ? -1 : 1);
}

/** The first so many by an order, as they pass by. */
export function best<T>(most: number, compare: (a: T, b: T) => number): { add(one: T): void; result(): T[] } {
  const held: T[] = [];
  return {
    add(one) {
      if (held.length === most && compare(held.at(-1)!, one) <= 0) return;
      const at = held.findIndex((other) => compare(one, other) < 0);
      held.splice(at === -1 ? held.length : at, 0, one);
      if (held.length > most) held.pop();
    },
    result: () => [...held],
  };
}

/** The images of a group that a page shows: the representative, then those farthest from another, then the others. */
export function shownImages({ representative, images, pairs }: DuplicateGroup): string[] {
  const far = new Map<string, number>();
  for (const { a, b, distance = -1 } of pairs) {
    for (const end of [a, b]) far.set(end, Math.max(far.get(end) ?? -1, distance));
  }
  const others = images
    .filter((image) => image !== representative)
    .sort((a, b) => (far.get(b) ?? -1) - (far.get(a) ?? -1) || (a < b ? -1 : 1));
  return [representative, ...others].slice(0, SHOWN_PHOTOS);
}
