import { MOST_ITEMS } from '../duplicates/components.js';
import type { SampleRecord, Side } from '../records.js';
import { setsOf, unionFind } from '../union-find.js';
import type { CheckName, Findings, PlacedPhoto } from './findings.js';
import type { GroupLine, PhotoRow, TaskFiles } from './run-files.js';

/** Two photos that must be on one side, and what says so. */
export interface Tie {
  check: CheckName;
  a: string;
  b: string;
  distance?: number;
}

/** Photos of a leak that are told of each side. */
const TOLD = 4;

/**
 * Looks for whatever must stay on one side and does not, in the samples as they were written. Tasks that were curated
 * together share their sides; a task whose samples were given has its own.
 * @param options.ties pairs that were found on the disk.
 */
export function findLeaks(
  findings: Findings,
  options: {
    tasks: readonly TaskFiles[];
    photos: readonly PhotoRow[] | undefined;
    groups: readonly GroupLine[];
    ties: readonly Tie[];
  },
): void {
  const { tasks, photos, groups, ties } = options;
  const curated = tasks.filter(({ given }) => !given);
  const scopes = [curated, ...tasks.filter(({ given }) => given).map((task) => [task])];
  for (const scope of scopes) {
    if (scope.length === 0) continue;
    const samples = scope.flatMap((task) => task.samples);
    const known = scope === curated ? { photos: photos ?? [], groups } : { photos: [], groups: [] };
    leaksOf(findings, { samples, ...known, ties });
  }
}

/** Leaks among samples that share their sides. */
function leaksOf(
  findings: Findings,
  options: {
    samples: readonly SampleRecord[];
    photos: readonly PhotoRow[];
    groups: readonly GroupLine[];
    ties: readonly Tie[];
  },
): void {
  const { samples, photos, groups, ties } = options;
  const placed = placedPhotos(samples);
  const leaky = new Set<string>();
  /** Whether a set of photos, by image id, stands on one side; tells of it where it does not. */
  const judge = (check: CheckName, key: string, members: Iterable<string>, what: string): boolean => {
    const all = [...new Set(members)].flatMap((imageId) => placed.get(imageId) ?? []);
    if (new Set(all.map(({ side }) => side)).size < 2) return true;
    for (const { imageId } of all) leaky.add(imageId);
    findings.found({ check, key, message: `${what} is on ${sidesOf(all)}`, photos: examples(all) });
    return false;
  };
  const judgeAll = (
    check: CheckName,
    sets: ReadonlyMap<string, readonly string[]>,
    what: (key: string) => string,
  ) => {
    findings.looked(check, sets.size);
    for (const [key, members] of sets) judge(check, key, members, what(key));
  };

  findings.looked('photo', placed.size);
  for (const imageId of placed.keys()) judge('photo', imageId, [imageId], `photo ${imageId}`);
  judgeAll(
    'component',
    membersBy(samples, ({ component }) => [component]),
    (key) => `component ${key}`,
  );
  judgeAll(
    'bytes',
    membersBy(samples, ({ sha256 }) => (sha256 === '' ? [] : [sha256])),
    (key) => `a file of sha256 ${key.slice(0, 16)}…`,
  );
  const tying = photos.filter(({ items }) => items.length <= MOST_ITEMS);
  const items = membersBy(tying, (photo) => photo.items);
  judgeAll('item', items, (key) => `item ${key}`);

  // A merged image id stands where its photo stands.
  const photoOf = new Map(photos.flatMap(({ imageId, images }) => images.map((image) => [image, imageId])));
  const named = (image: string) => photoOf.get(image) ?? image;
  const pairs = [...groups.flatMap(tiesOf), ...ties];
  const links: [string, string][] = [];
  const told = new Set<string>();
  for (const { check, a, b, distance } of pairs) {
    const ends = [named(a), named(b)] as const;
    // What curation wrote and what the disk shows are mostly the same pairs.
    const pair = [check, ...[a, b].sort()].join(' ');
    if (told.has(pair)) continue;
    told.add(pair);
    links.push([...ends]);
    findings.looked(check, 1);
    const bits = distance === undefined ? '' : `, ${distance} bits of 64 apart,`;
    judge(check, `${a} ${b}`, ends, `the pair ${a} and ${b}${bits}`);
  }

  for (const set of joined(placed, [...items.values()], groups, links, named)) {
    findings.looked('chain', 1);
    if (!set.some((imageId) => leaky.has(imageId)))
      judge('chain', set[0]!, set, `what links join with ${set[0]}`);
  }
}

/** Sets of photos that items, groups and pairs join, over photos that are no samples too. */
function joined(
  placed: ReadonlyMap<string, unknown>,
  items: readonly (readonly string[])[],
  groups: readonly GroupLine[],
  links: readonly (readonly string[])[],
  named: (image: string) => string,
): string[][] {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  const number = (name: string) => {
    const found = numbers.get(name) ?? names.push(name) - 1;
    numbers.set(name, found);
    return found;
  };
  for (const name of placed.keys()) number(name);
  const sets = [...items, ...groups.map(({ images }) => images.map(named)), ...links].map((set) =>
    set.map(number),
  );
  const find = unionFind(names.length);
  for (const [first, ...others] of sets) for (const other of others) find.union(first!, other);
  return setsOf(names.length, find)
    .filter((members) => members.length > 1)
    .map((members) => members.map((member) => names[member]!));
}

/** What a group's pairs are checked as. */
function tiesOf({ relation, pairs }: GroupLine): Tie[] {
  const checks: Partial<Record<string, CheckName>> = { item: 'item', name: 'name' };
  return pairs.map(({ ground, ...pair }) => ({
    ...pair,
    check: relation === 'same' ? 'same-picture' : (checks[ground] ?? 'near'),
  }));
}

function placedPhotos(samples: readonly SampleRecord[]): Map<string, PlacedPhoto[]> {
  const placed = new Map<string, PlacedPhoto[]>();
  for (const { imageId, path, task, split: side } of samples) {
    const places = placed.get(imageId);
    const place = { imageId, path, task, side };
    if (places === undefined) placed.set(imageId, [place]);
    else places.push(place);
  }
  return placed;
}

function membersBy<T extends { imageId: string }>(
  records: readonly T[],
  keysOf: (record: T) => readonly string[],
): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const record of records) {
    for (const key of keysOf(record)) {
      const list = members.get(key);
      if (list === undefined) members.set(key, [record.imageId]);
      else list.push(record.imageId);
    }
  }
  return members;
}

function bySide(photos: readonly PlacedPhoto[]): Map<Side, PlacedPhoto[]> {
  const sides = new Map<Side, PlacedPhoto[]>();
  for (const photo of photos) {
    const some = sides.get(photo.side);
    if (some === undefined) sides.set(photo.side, [photo]);
    else some.push(photo);
  }
  return sides;
}

function sidesOf(photos: readonly PlacedPhoto[]): string {
  const sides = [...bySide(photos)].map(([side, { length }]) => `${side} (${length})`).sort();
  return sides.join(' and ');
}

function examples(photos: readonly PlacedPhoto[]): PlacedPhoto[] {
  return [...bySide(photos).values()].flatMap((some) => some.slice(0, TOLD));
}
