import { editDistance } from '../edit-distance.js';
import type { LedgerEntry } from '../ledger.js';
import type { SampleRecord } from '../records.js';
import type { PhotoRow, TaskFiles } from './run-files.js';

/** What a key is the key of. */
export type Subject =
  | { about: 'image'; id: string }
  | { about: 'item'; id: string }
  /** A row of a shard, or a line of a file of samples. */
  | { about: 'row'; id: string };

/** Everything that a run's files name, by its key. */
export interface Known {
  /** The photo that an image id stands for, with its row in photos.parquet. */
  photoOf(imageId: string): { photo: PhotoRow; row: number } | undefined;
  photosOfItem(itemId: string): readonly PhotoRow[];
  photosOfComponent(component: string): readonly PhotoRow[];
  samplesOf(imageId: string): readonly SampleRecord[];
  subjectOf(key: string): Subject | undefined;
  /** Up to three keys that look like this one. */
  near(key: string): string[];
}

export function knownOf(photos: readonly PhotoRow[], tasks: readonly TaskFiles[]): Known {
  const byImage = new Map<string, number>();
  const byPath = new Map<string, string>();
  const byItem = new Map<string, PhotoRow[]>();
  const byComponent = new Map<string, PhotoRow[]>();
  const samples = new Map<string, SampleRecord[]>();
  for (const [row, photo] of photos.entries()) {
    for (const image of photo.images) byImage.set(image, row);
    byPath.set(photo.path, photo.imageId);
    for (const item of photo.items) push(byItem, item, photo);
    push(byComponent, photo.component, photo);
  }
  for (const sample of tasks.flatMap((task) => task.samples)) {
    push(samples, sample.imageId, sample);
    byPath.set(sample.path, sample.imageId);
  }
  return {
    photoOf(imageId) {
      const row = byImage.get(imageId);
      return row === undefined ? undefined : { photo: photos[row]!, row };
    },
    photosOfItem: (itemId) => byItem.get(itemId) ?? [],
    photosOfComponent: (component) => byComponent.get(component) ?? [],
    samplesOf: (imageId) => samples.get(imageId) ?? [],
    subjectOf(key) {
      const imageId = byPath.get(withoutRoot(key));
      if (imageId !== undefined) return { about: 'image', id: imageId };
      if (byImage.has(key) || samples.has(key)) return { about: 'image', id: key };
      return byItem.has(key) ? { about: 'item', id: key } : undefined;
    },
    near(key) {
      const wanted = withoutRoot(key);
      const most = Math.max(1, Math.floor(wanted.length / 3));
      const found: [distance: number, name: string][] = [];
      for (const names of [byImage, byItem, byPath, samples]) {
        for (const name of names.keys()) {
          const distance = editDistance(wanted, name, most);
          if (distance <= most) found.push([distance, name]);
        }
      }
      found.sort(([a, left], [b, right]) => a - b || (left < right ? -1 : 1));
      return [...new Set(found.map(([, name]) => name))].slice(0, 3);
    },
  };
}

/** What a line of the ledger that names a key says it is. */
export function subjectIn(
  key: string,
  { stage, key: own, reason, into, detail }: LedgerEntry,
): Subject | undefined {
  const path = withoutRoot(key);
  // Such a line's detail is the path that was looked for.
  if (reason === 'file-missing' && detail === path)
    return { about: stage === 'samples' ? 'row' : 'image', id: own };
  if (stage === 'parse' || stage === 'samples') return own === key ? { about: 'row', id: key } : undefined;
  if (stage === 'explode') return own === key ? { about: 'item', id: key } : undefined;
  if (reason === 'image-unknown' && detail === key) return { about: 'item', id: key };
  if (reason === 'same-image' && own === key && into !== undefined) return { about: 'image', id: into };
  if (reason === 'same-image') return own.split('/')[0] === key ? { about: 'item', id: key } : undefined;
  return own === key ? { about: 'image', id: key } : undefined;
}

/** A photo's path as the files have it: people say it with its folder, too. */
export function withoutRoot(path: string): string {
  return path.replace(/^(.*\/)?images\/small\//, '');
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
