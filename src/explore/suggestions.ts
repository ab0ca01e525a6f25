import { matchKey } from '../attributes.js';
import type { BoilerplateLimits } from '../duplicates/boilerplate.js';
import { percent } from '../percent.js';
import type { KeyProfile } from './key-profile.js';

/** What a recipe might do, and why. */
export interface Suggestion {
  /** `drop` a class, `merge` two, `prune` photos, `ignore` a key of the listings. */
  action: 'drop' | 'merge' | 'prune' | 'ignore';
  /** Classes, or keys; of a merge the larger class last: the one to merge into. */
  names: string[];
  reason: 'few-photos' | 'shared-photos' | 'like-names' | 'boilerplate' | 'rarely-filled' | 'one-value';
  /** In plain words, with its figures. */
  evidence: string;
  /** Photos that it is about: the smaller class's, the shared ones, those to prune; listings for keys. */
  weight: number;
}

/** A class and its photos. */
export interface ClassSize {
  name: string;
  photos: number;
}

/** Two classes and the photos that listings of both show. */
export interface ClassPair {
  a: string;
  b: string;
  photos: number;
  /** Of the smaller class's photos. */
  share: number;
}

/** Two classes are one, or are confused, when so much of the smaller is in both. */
const LEAST_SHARED = 0.05;
/** A key that fewer listings fill is hardly a feature. */
const LEAST_FILLED = 0.01;

/** Suggestions with their evidence, in a fixed order: merges, drops, pruning, keys; the weightiest first. */
export function suggestions(options: {
  task: string;
  classes: readonly ClassSize[];
  pairs: readonly ClassPair[];
  boilerplate: BoilerplateLimits & { photos: number; views: number };
  keys: readonly KeyProfile[];
  minPerClass: number;
}): Suggestion[] {
  const { task, classes, pairs, boilerplate, keys, minPerClass } = options;
  const size = new Map(classes.map(({ name, photos }) => [name, photos]));
  const intoLarger = (a: string, b: string) => {
    const [m, n] = [size.get(a) ?? 0, size.get(b) ?? 0];
    return m < n || (m === n && a > b) ? [a, b] : [b, a];
  };
  const found: Suggestion[] = [];
  for (const [a, b] of likeNames(classes.map(({ name }) => name))) {
    const names = intoLarger(a, b);
    const [m, n] = names.map((name) => size.get(name) ?? 0);
    const evidence = `their names differ in case, punctuation or a plural alone; ${number(m!)} and ${number(n!)} photos`;
    found.push({ action: 'merge', names, reason: 'like-names', evidence, weight: m! });
  }
  for (const { a, b, photos, share } of pairs) {
    if (share < LEAST_SHARED || photos < 2) continue;
    const names = intoLarger(a, b);
    const evidence = `listings of both show the same ${number(photos)} photos: ${percent(share)} of the smaller class`;
    found.push({ action: 'merge', names, reason: 'shared-photos', evidence, weight: photos });
  }
  for (const { name, photos } of classes) {
    if (photos >= minPerClass) continue;
    const evidence = `${photos} ${photos === 1 ? 'photo' : 'photos'}, fewer than ${minPerClass}`;
    found.push({ action: 'drop', names: [name], reason: 'few-photos', evidence, weight: photos });
  }
  if (boilerplate.photos > 0) {
    const { photos, views, listings, types } = boilerplate;
    const evidence = `${number(photos)} ${photos === 1 ? 'photo stands' : 'photos stand'} in more than ${listings} listings or of more than ${types} product types: ${number(views)} views in all`;
    found.push({ action: 'prune', names: [], reason: 'boilerplate', evidence, weight: photos });
  }
  for (const { name, present, missing, distinct } of keys) {
    const share = present / Math.max(1, present + missing);
    if (name === task || name === 'item_id') continue;
    const about = { action: 'ignore' as const, names: [name], weight: present };
    if (share < LEAST_FILLED) {
      const evidence = `${number(present)} of ${number(present + missing)} listings have it`;
      found.push({ ...about, reason: 'rarely-filled', evidence });
    } else if (distinct.count === 1) {
      found.push({
        ...about,
        reason: 'one-value',
        evidence: `all ${number(present)} listings that have it say the same`,
      });
    }
  }
  const order = ['merge', 'drop', 'prune', 'ignore'];
  return found.sort(
    (a, b) =>
      order.indexOf(a.action) - order.indexOf(b.action) ||
      b.weight - a.weight ||
      compare(a.names.join('\n'), b.names.join('\n')) ||
      compare(a.reason, b.reason),
  );
}

/** Suggestions of which there are many alike, as one. */
export interface SuggestionGroup extends Pick<Suggestion, 'action' | 'reason' | 'evidence'> {
  /** What one suggestion names, each. */
  members: readonly Suggestion[];
}

/** Suggestions as people read them: classes with few photos and keys that are hardly filled are told of together. */
export function gathered(all: readonly Suggestion[]): SuggestionGroup[] {
  const together: Partial<Record<Suggestion['reason'], (members: readonly Suggestion[]) => string>> = {
    'few-photos': (members) =>
      `${number(members[0]!.weight)} photos or fewer each, ${number(members.reduce((sum, { weight }) => sum + weight, 0))} in all`,
    'rarely-filled': (members) =>
      members[0]!.weight === 0
        ? 'no listing has them'
        : `${number(members[0]!.weight)} listings or fewer have each`,
  };
  const groups: SuggestionGroup[] = [];
  for (const one of all) {
    const { action, reason, evidence } = one;
    const tell = together[reason];
    if (tell === undefined) groups.push({ action, reason, evidence, members: [one] });
    else if (groups.every((group) => group.reason !== reason)) {
      const members = all.filter((other) => other.reason === reason);
      groups.push({ action, reason, evidence: members.length === 1 ? evidence : tell(members), members });
    }
  }
  return groups;
}

/** Pairs of names that are one but for case, punctuation and an English plural; each name with the first of its like. */
export function likeNames(names: readonly string[]): [string, string][] {
  const first = new Map<string, string>();
  const pairs: [string, string][] = [];
  for (const name of [...names].sort(compare)) {
    const stem = stemOf(name);
    const earlier = first.get(stem);
    if (earlier === undefined) first.set(stem, name);
    else pairs.push([earlier, name]);
  }
  return pairs;
}

function stemOf(name: string): string {
  const plain = matchKey(name).replace(/[^\p{L}\p{N}]+/gu, '');
  if (plain === '') return name;
  return plain
    .replace(/ies$/, 'y')
    .replace(/(ss|sh|ch|x)es$/, '$1')
    .replace(/(?<!s)s$/, '');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
