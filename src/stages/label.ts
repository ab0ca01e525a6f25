import { matchKey } from '../attributes.js';
import type { LabelledPhoto, Photo } from '../records.js';
import type { Stage } from '../stage.js';

export interface LabelOptions {
  task: string;
  /** The attribute to learn; default: the name of the task. */
  attribute?: string | undefined;
  /** Classes with fewer photos are dropped. */
  minPerClass: number;
  drop: readonly string[];
  merge: Readonly<Record<string, string>>;
  /** Only these labels, after merging. */
  select?: readonly string[] | undefined;
}

/**
 * Photos → labelled photos of one task. Values are compared after `matchKey`; a class is shown in the recipe's way of
 * writing it where `merge` or `select` names it, else as most of its photos write it. Class sizes need the whole view:
 * the stage holds its photos.
 */
export function label(options: LabelOptions): Stage<Photo, LabelledPhoto> {
  const { task, attribute = task, minPerClass, drop, merge, select } = options;
  const dropped = new Set(drop.map(matchKey));
  const merged = new Map(Object.entries(merge).map(([from, into]) => [matchKey(from), into]));
  const selected = select === undefined ? undefined : new Set(select.map(matchKey));
  const given = new Map([...Object.values(merge), ...(select ?? [])].map((text) => [matchKey(text), text]));
  return {
    name: 'label',
    task,
    async *run(source, { account }) {
      const kept: { photo: Photo; key: string }[] = [];
      const written = new Map<string, Map<string, number>>();
      for await (const photo of source) {
        const raw = Object.hasOwn(photo.attributes, attribute) ? photo.attributes[attribute] : undefined;
        if (raw === undefined || matchKey(raw) === '') {
          account.dropped(photo.imageId, 'label-missing');
          continue;
        }
        const value = merged.get(matchKey(raw)) ?? raw;
        const key = matchKey(value);
        if (dropped.has(key)) account.dropped(photo.imageId, 'label-dropped', { detail: raw });
        else if (selected !== undefined && !selected.has(key)) {
          account.dropped(photo.imageId, 'label-not-selected', { detail: raw });
        } else {
          kept.push({ photo, key });
          const ways = written.get(key) ?? new Map<string, number>();
          ways.set(value, (ways.get(value) ?? 0) + 1);
          written.set(key, ways);
        }
      }
      for (const { photo, key } of kept) {
        const ways = written.get(key)!;
        const name = given.get(key) ?? mostFrequent(ways);
        if (sum(ways.values()) < minPerClass) {
          account.dropped(photo.imageId, 'class-too-small', { detail: name });
          continue;
        }
        const { path, file, component, imageId, sha256 } = photo;
        yield { path, file, label: name, component, imageId, sha256, task };
      }
    },
  };
}

/** Ties go to the first in the order of UTF-16 code units, so that arrival order does not matter. */
function mostFrequent(ways: ReadonlyMap<string, number>): string {
  return [...ways].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]![0].trim();
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
