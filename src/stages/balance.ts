import type { LabelledPhoto } from '../records.js';
import type { Stage } from '../stage.js';

export interface BalanceOptions {
  /** For the account alone: the records name their task themselves. */
  task?: string;
  /** At most this many photos a class; absent: all. */
  cap?: number;
}

/**
 * Labelled photos → at most `cap` a class, by a draw that is a function of (seed, task, class, image id): neither
 * arrival order nor other classes can change it. Without a cap the records stream through; with one they are held.
 */
export function balance({ task, cap }: BalanceOptions): Stage<LabelledPhoto, LabelledPhoto> {
  return {
    name: 'balance',
    ...(task !== undefined && { task }),
    async *run(source, { account, random }) {
      if (cap === undefined) {
        yield* source;
        return;
      }
      const draws = random.fork('balance');
      const photos: LabelledPhoto[] = [];
      const classes = new Map<string, { imageId: string; draw: number }[]>();
      for await (const photo of source) {
        photos.push(photo);
        const key = classKey(photo);
        const draw = draws.uniform(photo.task, photo.label, photo.imageId);
        const members = classes.get(key) ?? [];
        members.push({ imageId: photo.imageId, draw });
        classes.set(key, members);
      }
      const capped = new Set<string>();
      for (const [key, members] of classes) {
        members.sort((a, b) => a.draw - b.draw || (a.imageId < b.imageId ? -1 : 1));
        for (const { imageId } of members.slice(cap)) capped.add(`${key}\0${imageId}`);
      }
      for (const photo of photos) {
        if (capped.has(`${classKey(photo)}\0${photo.imageId}`)) account.capped(photo.imageId, 'class-cap');
        else yield photo;
      }
    },
  };
}

function classKey({ task, label }: LabelledPhoto): string {
  return `${task}\0${label}`;
}
