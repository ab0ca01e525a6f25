import { measuredNumber, measuredSamples } from '../models/measured.js';
import type { Sample } from '../records.js';
import { measuredSides, type TaskCounts } from './counts.js';

/** What a cache holds: photos themselves, and photos of the train side that each stored view is of. */
export interface CachedPhotos {
  plain: number;
  viewed: number;
}

/** Which photos themselves are wanted: all, or beside stored views those that are measured and those of the other sides. */
export interface Wanted {
  task: string;
  seed: number;
  /** All of them, or of the train side only what training is measured on. */
  train: 'all' | 'measured';
}

/**
 * Counts what tasks put into one cache, task by task: photos that an earlier one has put there not again, where a run
 * says which they are, else all of them.
 */
export function sharedPhotos(): (counts: TaskCounts, wanted: Wanted) => CachedPhotos {
  const plain = new Set<string>();
  const viewed = new Set<string>();
  return ({ photos, samples, splits }, { task, seed, train }) => {
    const all = train === 'all';
    if (photos === undefined) {
      const measured = measuredNumber(splits.train) + measuredSides(splits);
      return { plain: all ? samples : measured, viewed: splits.train };
    }
    const trained = photos.filter(({ split }) => split === 'train');
    const others = photos.filter(({ split }) => split !== 'train');
    const read = all ? photos : [...measuredSamples(photos, { seed, task }), ...others];
    return { plain: added(plain, read), viewed: added(viewed, trained) };
  };
}

/** How many of the photos were not there. */
function added(to: Set<string>, photos: readonly Sample[]): number {
  const before = to.size;
  for (const { path } of photos) to.add(path);
  return to.size - before;
}
