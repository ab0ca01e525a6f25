import type { Attributes, AttributeValue, ValueDetail } from './records.js';
import { remember } from './remember.js';

/** Long texts that are never a label: they stay with the listing. */
const LONG_TEXTS = new Set(['bullet_point', 'item_keywords', 'product_description']);
/** Nearly every item's own: nobody learns from how it reads in another language. */
const NAMES = new Set(['item_name', 'node']);

/** One value an attribute. */
export type Chosen = Readonly<Record<string, string>>;

/** Languages by preference: a tag, all of a language (`en_*`), or any and none (`*`). */
export type LanguagePreference = readonly string[];

/** US English, then any English, then any. */
export const DEFAULT_LANGUAGES: LanguagePreference = ['en_US', 'en_*', '*'];

/** What is known of values beside their texts, by attribute. */
export type Details = Readonly<Record<string, ValueDetail>>;

/**
 * A listing's value of each attribute: its first in the best language. Without `*` in the preference an attribute that
 * has no such language has no value.
 */
export function chooseValues(
  attributes: Attributes,
  languages: LanguagePreference = DEFAULT_LANGUAGES,
): { values: Chosen; details: Details } {
  const chosen = Object.entries(attributes)
    .filter(([name]) => !LONG_TEXTS.has(name))
    .map(([name, values]) => [name, best(values, languages)] as const)
    .filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined);
  return {
    values: Object.fromEntries(chosen.map(([name, { value }]) => [name, value])),
    details: Object.fromEntries(
      chosen
        .map(([name, value]) => [name, detailOf(value, NAMES.has(name) ? [] : attributes[name]!)] as const)
        .filter(([, detail]) => Object.keys(detail).length > 0),
    ),
  };
}

/** The first of an attribute's values in the best language; undefined where the preference has none of theirs. */
export function best(
  values: readonly AttributeValue[],
  languages: LanguagePreference = DEFAULT_LANGUAGES,
): AttributeValue | undefined {
  for (const wanted of languages) {
    const found = values.find(({ language }) => matches(language, wanted));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Tags as RFC 4647 compares them: without their case, and `en_*` takes `en` too; ABO writes `_` where it has `-`.
 */
function matches(language: string | undefined, wanted: string): boolean {
  if (wanted === '*' || language === wanted) return true;
  if (language === undefined) return false;
  const tag = folded(language);
  if (!wanted.endsWith('*')) return tag === folded(wanted);
  const start = folded(wanted.slice(0, -1));
  return tag.startsWith(start) || `${tag}_` === start;
}

const folded = remember((tag) => tag.toLowerCase().replaceAll('-', '_'));

function detailOf(chosen: AttributeValue, all: readonly AttributeValue[]): ValueDetail {
  const { value, language, unit, standardized } = chosen;
  const others = all.filter((one) => one.language !== language && one.value !== value);
  const variants = [...new Set(others.map((one) => one.value))];
  return {
    ...(language !== undefined && !language.startsWith('en') && { language }),
    ...(unit !== undefined && { unit }),
    ...(standardized !== undefined && standardized.length > 0 && { standardized }),
    ...(variants.length > 0 && { variants }),
  };
}

/** A value that lost against another. */
export interface Conflict {
  attribute: string;
  detail: string;
}

/**
 * One value an attribute from several listings' values. `first` takes the first that has one; `majority` the most
 * frequent, ties by first. Writings that `matchKey` does not tell apart are one value, shown in its most frequent (`first`:
 * its first) writing; the same number of another unit is another value.
 * @param listings in the order of precedence: main views before others, then by place in the dump.
 */
export function resolveConflicts(
  listings: readonly { values: Chosen; details: Details }[],
  rule: 'majority' | 'first',
): { values: Record<string, string>; details: Record<string, ValueDetail>; conflicts: Conflict[] } {
  const said = new Map<string, Map<string, Writing>>();
  for (const { values, details } of listings) {
    for (const [name, value] of Object.entries(values)) {
      const writings = said.get(name) ?? new Map<string, Writing>();
      said.set(name, writings);
      const detail = Object.hasOwn(details, name) ? details[name] : undefined;
      const shown = detail?.unit === undefined ? value : `${value} ${detail.unit}`;
      const writing = writings.get(shown) ?? { value, shown, details: new Map(), count: 0 };
      writings.set(shown, writing);
      writing.count += 1;
      // Equal details are one object where listings say many.
      writing.details.set(detail, (writing.details.get(detail) ?? 0) + 1);
    }
  }
  const conflicts: Conflict[] = [];
  const kept: [string, Writing][] = [];
  for (const [attribute, writings] of said) {
    const all = [...writings.values()];
    const ranked = all.length === 1 ? all : rankedValues(all, rule);
    kept.push([attribute, ranked[0]!]);
    if (ranked.length < 2) continue;
    const [won, ...lost] = ranked.map(({ shown, count }) => `${JSON.stringify(shown)} (${count})`);
    conflicts.push({ attribute, detail: `${attribute}: ${won} over ${lost.join(', ')}` });
  }
  return {
    values: Object.fromEntries(kept.map(([name, { value }]) => [name, value])),
    details: Object.fromEntries(
      kept.flatMap(([name, writing]) => {
        const detail = detailOfWriting(writing, rule);
        return detail === undefined ? [] : [[name, detail]];
      }),
    ),
    conflicts,
  };
}

/** How a value is written, what the listings that write it so know of it, in order, and how often it comes. */
interface Writing {
  value: string;
  /** With its unit. */
  shown: string;
  details: Map<ValueDetail | undefined, number>;
  count: number;
}

/** What is known of a value by the rule's listings: nothing only where none knows more. */
function detailOfWriting({ details }: Writing, rule: 'majority' | 'first'): ValueDetail | undefined {
  const known = new Map<string, { detail: ValueDetail; count: number }>();
  for (const [detail, count] of details) {
    if (detail === undefined) continue;
    const key = JSON.stringify(detail);
    known.set(key, { detail, count: count + (known.get(key)?.count ?? 0) });
  }
  const ranked = [...known.values()];
  if (rule === 'majority') ranked.sort((a, b) => b.count - a.count);
  return ranked[0]?.detail;
}

/** Different values, each in one of its writings with the count of all of them, in the order of the rule. */
function rankedValues(writings: readonly Writing[], rule: 'majority' | 'first'): Writing[] {
  const byKey = new Map<string, Writing[]>();
  for (const writing of writings) {
    const key = matchKey(writing.shown);
    byKey.set(key, [...(byKey.get(key) ?? []), writing]);
  }
  // Sorting is stable, so equal counts keep the order in which they were first seen.
  const byCount = (a: Writing, b: Writing) => b.count - a.count;
  const ranked = [...byKey.values()].map((same) => {
    const [best] = rule === 'majority' ? same.sort(byCount) : same;
    return { ...best!, count: same.reduce((sum, { count }) => sum + count, 0) };
  });
  return rule === 'majority' ? ranked.sort(byCount) : ranked;
}

/** What two writings of one value share: Unicode NFKC, single spaces, no case. */
export function matchKey(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase();
}
