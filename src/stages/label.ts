import { matchKey } from '../attributes.js';
import { type LabelReader, type LabelValue, labelReader } from '../labels/reader.js';
import type { Normalise } from '../labels/schema.js';
import { type CategoryTree, pathsOf, placesIn } from '../labels/tree/tree.js';
import type { LabelledPhoto, Level, Photo } from '../records.js';
import type { Stage } from '../stage.js';

export interface LabelOptions {
  task: string;
  /** The attribute to learn; default: the name of the task. */
  attribute?: string | undefined;
  /** How its values become labels; default: they are the labels. */
  normalise?: Normalise | undefined;
  /** The label of photos without a value; default: they are dropped. */
  missing?: string | undefined;
  /** Classes with fewer photos are dropped, or go into `other`. */
  minPerClass: number;
  drop: readonly string[];
  merge: Readonly<Record<string, string>>;
  /** Only these labels, after merging. */
  select?: readonly string[] | undefined;
  /** Only so many classes, the largest. */
  top?: number | undefined;
  /** The label of photos whose own is not selected, too rare or not among the top; default: they are dropped. */
  other?: string | undefined;
  /** Where each class stands; a function is asked once the classes are known. Photos of others leave, or go into `other`. */
  tree?: CategoryTree | ((photos: readonly ClassedPhoto[]) => CategoryTree) | undefined;
  /** What becomes the label; default: `fine`, the class itself. */
  level?: Level | undefined;
  /** Told the values that no label could be read from. */
  unmapped?: (values: readonly UnmappedValue[]) => void;
}

/** A value that the recipe's `normalise` could not read. */
export interface UnmappedValue {
  value: string;
  photos: number;
}

/** A photo with its class. */
export interface ClassedPhoto {
  photo: Photo;
  label: string;
}

/** A photo that has a label, of the recipe's or of its own. */
interface Kept {
  photo: Photo;
  key: string;
}

/**
 * Photos → labelled photos of one task. Values are read by `normalise`, merged, dropped and selected, and counted: too
 * small classes and those beyond the `top` leave. Labels are compared by the reader's key (`matchKey`, for brands
 * theirs); a class is shown in the recipe's way of writing it where `tree`, `merge`, `select`, `missing` or `other` names it,
 * else as most of its photos write it. Nothing depends on arrival order. Class sizes need the whole view: the stage
 * holds its photos.
 */
export function label(options: LabelOptions): Stage<Photo, LabelledPhoto> {
  const { task, attribute = task, missing, other, tree, level = 'fine', unmapped = () => {} } = options;
  /** Labels that the recipe makes, which no tree needs to know. */
  const made = [missing, other].filter((text) => text !== undefined);
  return {
    name: 'label',
    task,
    async *run(source, { account, events }) {
      const photos: Photo[] = [];
      for await (const photo of source) photos.push(photo);
      const values = photos.map((photo) => labelValue(photo, attribute));
      const reader = labelReader(
        options.normalise,
        values.filter((value) => value !== undefined),
      );
      const rules = rulesOf(options, reader);
      const known = typeof tree === 'object' ? placesIn(tree, reader.keyOf, made) : undefined;
      const kept: Kept[] = [];
      const written = new Map<string, Map<string, number>>();
      const unread = new Map<string, number>();
      /** Keys of all labels that photos had, at any step of their reading. */
      const met = new Set<string>();
      const keep = (photo: Photo, name: string) => {
        const key = reader.keyOf(name);
        kept.push({ photo, key });
        count(written, key, name);
      };
      for (const [index, photo] of photos.entries()) {
        const value = values[index];
        const raw = value?.value ?? missing;
        if (raw === undefined) {
          account.dropped(photo.imageId, 'label-missing');
          continue;
        }
        const given = value === undefined ? undefined : rules.merged(value.value);
        const reading =
          value === undefined || given !== undefined ? { label: given ?? raw } : reader.read(value);
        if ('fault' in reading) {
          const said = value?.unit === undefined ? raw : `${raw} ${value.unit}`;
          account.dropped(photo.imageId, reading.fault, { detail: said });
          if (reading.fault === 'label-unmapped') unread.set(said, (unread.get(said) ?? 0) + 1);
          continue;
        }
        const name = (given === undefined ? rules.merged(reading.label) : undefined) ?? reading.label;
        for (const one of [raw, reading.label, name]) met.add(reader.keyOf(one));
        if (rules.dropped(name)) account.dropped(photo.imageId, 'label-dropped', { detail: raw });
        else if (value === undefined) keep(photo, name);
        else if (rules.selected(name) && (known === undefined || known(name) !== undefined))
          keep(photo, name);
        else if (other !== undefined) keep(photo, other);
        else {
          const reason = rules.selected(name) ? 'label-not-in-tree' : 'label-not-selected';
          account.dropped(photo.imageId, reason, { detail: raw });
        }
      }
      const unmet = namedIn(options).filter(([, label]) => !met.has(reader.keyOf(label)));
      if (unmet.length > 0) {
        const names = unmet.map(([rule, label]) => `${label} (${rule})`).join(', ');
        events.emit({ type: 'message', level: 'info', text: `label ${task}: no photo is ${names}` });
      }
      unmapped(ranked(unread).map(([value, times]) => ({ value, photos: times })));

      const nameOf = (key: string) => rules.given.get(key) ?? ranked(written.get(key)!)[0]![0].trim();
      const fates = fatesOf(written, options, reader);
      const classed: ClassedPhoto[] = [];
      for (const { photo, key } of kept) {
        const fate = fates.get(key)!;
        if (typeof fate === 'string') classed.push({ photo, label: nameOf(fate) });
        else account.dropped(photo.imageId, fate.reason, { detail: nameOf(key) });
      }
      const built =
        typeof tree === 'function' ? tree(classed.filter(({ label }) => !made.includes(label))) : tree;
      const placeOf = built && placesIn(built, reader.keyOf, made);
      for (const { photo, label } of classed) {
        const { path, file, component, imageId, sha256, role } = photo;
        const place = placeOf?.(label);
        yield {
          path,
          file,
          label: place?.[level] ?? label,
          component,
          imageId,
          sha256,
          task,
          role,
          ...place,
        };
      }
    },
  };
}

function labelValue({ attributes, details = {} }: Photo, attribute: string): LabelValue | undefined {
  const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  if (value === undefined || matchKey(value) === '') return undefined;
  return { value, ...(Object.hasOwn(details, attribute) && details[attribute]) };
}

/** The labels that rules speak of, which photos should have. */
function namedIn({ drop, merge, select = [] }: LabelOptions): [rule: string, label: string][] {
  return [
    ...Object.keys(merge).map((label): [string, string] => ['merge', label]),
    ...drop.map((label): [string, string] => ['drop', label]),
    ...select.map((label): [string, string] => ['select', label]),
  ];
}

/** What a recipe says about single labels. */
interface Rules {
  /** What it becomes, in the recipe's own writing. */
  merged(name: string): string | undefined;
  dropped(name: string): boolean;
  selected(name: string): boolean;
  /** The recipe's writing by key. */
  given: ReadonlyMap<string, string>;
}

function rulesOf({ drop, merge, select, missing, other, tree }: LabelOptions, { keyOf }: LabelReader): Rules {
  const drops = new Set(drop.map(keyOf));
  const merges = new Map(Object.entries(merge).map(([from, into]) => [keyOf(from), into]));
  const selects = select === undefined ? undefined : new Set(select.map(keyOf));
  const named = [missing, other].filter((text) => text !== undefined);
  const inTree = typeof tree === 'object' ? pathsOf(tree).map(({ fine }) => fine) : [];
  return {
    merged: (name) => merges.get(keyOf(name)),
    dropped: (name) => drops.has(keyOf(name)),
    selected: (name) => selects?.has(keyOf(name)) ?? true,
    given: new Map(
      [...Object.values(merge), ...(select ?? []), ...named, ...inTree].map((text) => [keyOf(text), text]),
    ),
  };
}

/** What becomes of each class: the key that its photos go under, or why they are dropped. */
function fatesOf(
  written: Map<string, Map<string, number>>,
  { minPerClass, top = Number.POSITIVE_INFINITY, other }: LabelOptions,
  { keyOf }: LabelReader,
): ReadonlyMap<string, string | { reason: 'class-too-small' | 'class-not-top' }> {
  const bucket = other === undefined ? undefined : keyOf(other);
  const sizes = new Map([...written].map(([key, ways]) => [key, sum(ways.values())]));
  const inBucket = bucket === undefined ? 0 : (sizes.get(bucket) ?? 0);
  // The bucket is no class that competes with the others.
  if (bucket !== undefined) sizes.delete(bucket);
  const large = ranked(sizes).filter(([, size]) => size >= minPerClass);
  const largest = new Set(large.slice(0, top).map(([key]) => key));
  const beyond = new Set(large.slice(top).map(([key]) => key));
  const reasonOf = (key: string) =>
    ({ reason: beyond.has(key) ? 'class-not-top' : 'class-too-small' }) as const;
  const left = [...sizes].filter(([key]) => !largest.has(key));
  const collected = inBucket + sum(left.map(([, size]) => size));
  const holds = bucket !== undefined && collected >= minPerClass;
  if (holds && !written.has(bucket)) written.set(bucket, new Map([[other!, collected]]));
  return new Map([
    ...[...largest].map((key) => [key, key] as const),
    ...left.map(([key]) => [key, holds ? bucket : reasonOf(key)] as const),
    ...(bucket === undefined ? [] : [[bucket, holds ? bucket : reasonOf(bucket)] as const]),
  ]);
}

function count(counts: Map<string, Map<string, number>>, key: string, name: string): void {
  const ways = counts.get(key) ?? new Map<string, number>();
  ways.set(name, (ways.get(name) ?? 0) + 1);
  counts.set(key, ways);
}

/** The most frequent first; ties in the order of UTF-16 code units, so that arrival order does not matter. */
function ranked(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
