import { matchKey } from '../attributes.js';
import type { AttributeValue } from '../records.js';
import { countsByNumber } from './counts.js';
import { type Distinct, distinctCounter } from './distinct.js';
import { hashText } from './hash.js';
import { contingency, type Information } from './information.js';
import { ID_KEYS } from './keys.js';

/** A value and how many listings have it as theirs. */
export interface ValueCount {
  value: string;
  listings: number;
}

/** What one key of the listings holds. */
export interface KeyProfile {
  name: string;
  present: number;
  missing: number;
  /** Values in all: a listing may have several of a key, and one a language. */
  values: number;
  /** Different values as written, in all languages. */
  distinct: Distinct;
  /** Listings with a value in a language, the most frequent first; `-` where the dump does not say it. */
  languages: { language: string; listings: number }[];
  /** Listings with values of more than one language. */
  multilingual: number;
  /** Listings with standardized values. */
  standardized: number;
  /** The most frequent values, one a listing; of keys with about a value a listing, those that come again. */
  top: ValueCount[];
  /** With the task's label; absent for the label's own key, and where no listing has both. */
  information?: Information;
}

/** A key while listings pass by. */
export interface KeyCounter {
  /**
   * @param chosen the listing's one value, of these: of the preferred language.
   * @returns the chosen value's number, counted from 0; −1 without one.
   */
  observe(values: readonly AttributeValue[], chosen: AttributeValue | undefined): number;
  /** @param value as `observe` gave it. */
  label(value: number, label: number): void;
  /** Listings by the number of their value. */
  readonly counts: readonly number[];
  /** How a value is written, of several ways the first in order of UTF-16 code units; undefined where it is not held. */
  textOf(value: number): string | undefined;
  result(listings: number, most: number): KeyProfile;
}

/** Texts are held up to so many characters. */
const LONGEST = 120;

/**
 * Counts one key. Values are compared as labels are, by `matchKey`; ids as they are.
 * @param options.texts which texts are held: of every value, or of those that come again. What stands once in a key of
 * many values is never shown: half of a dump's text needs not be held.
 */
export function keyCounter(name: string, options: { texts: 'all' | 'again' }): KeyCounter {
  const isId = ID_KEYS.has(name);
  const compared = isId ? (text: string) => text : matchKey;
  const written = distinctCounter();
  const languages = new Map<string, number>();
  /** Each value's number from 1, by the hash of how it is compared. */
  const asCompared = countsByNumber();
  /** And by that of how it is written, where that comes again: it spares the comparison. */
  const asWritten = options.texts === 'all' && !isId ? countsByNumber() : undefined;
  const counts: number[] = [];
  const texts: (string | undefined)[] = [];
  const information = contingency();
  let present = 0;
  let values = 0;
  let multilingual = 0;
  let standardized = 0;

  /** @param hash the text's. */
  function numberOf(text: string, hash: number): number {
    let number = (asWritten?.get(hash) ?? 0) - 1;
    if (number < 0) {
      number = newWriting(text, hash);
      const shown = text.trim().slice(0, LONGEST);
      const earlier = texts[number];
      if (options.texts === 'all' && (earlier === undefined || shown < earlier)) texts[number] = shown;
    }
    counts[number]! += 1;
    if (options.texts === 'again' && counts[number] === 2) texts[number] = compared(text).slice(0, LONGEST);
    return number;
  }

  function newWriting(text: string, hash: number): number {
    const match = isId ? hash : hashText(compared(text));
    let number = asCompared.get(match) - 1;
    if (number < 0) {
      number = counts.length;
      counts.push(0);
      texts.push(undefined);
      asCompared.add(match, number + 1);
    }
    asWritten?.add(hash, number + 1);
    return number;
  }

  return {
    counts,
    textOf: (value) => texts[value],
    observe(all, chosen) {
      present += 1;
      values += all.length;
      // Most have one language alone.
      const own: string[] = [];
      let number = -1;
      for (const one of all) {
        const { value, unit, language = '-' } = one;
        const text = unit === undefined ? value : `${value} ${unit}`;
        const hash = hashText(text);
        written.add(hash);
        if (!own.includes(language)) own.push(language);
        if (one === chosen) number = numberOf(text, hash);
      }
      for (const language of own) languages.set(language, (languages.get(language) ?? 0) + 1);
      if (own.length > 1) multilingual += 1;
      if (all.some((value) => (value.standardized?.length ?? 0) > 0)) standardized += 1;
      return number;
    },
    label: (value, label) => information.add(value, label),
    result(listings, most) {
      const measured = information.result();
      return {
        name,
        present,
        missing: listings - present,
        values,
        distinct: written.result(),
        languages: ranked(languages).map(([language, times]) => ({ language, listings: times })),
        multilingual,
        standardized,
        top: topValues(counts, texts, most),
        ...(measured && { information: measured }),
      };
    },
  };
}

/** The values of which the text is held, the most frequent first, ties in the order of UTF-16 code units. */
export function topValues(
  counts: readonly number[],
  texts: readonly (string | undefined)[],
  most: number,
): ValueCount[] {
  const held = counts.flatMap((listings, value) => {
    const text = texts[value];
    return text === undefined ? [] : [[text, listings] as const];
  });
  return ranked(held)
    .slice(0, most)
    .map(([value, listings]) => ({ value, listings }));
}

/** The largest first; ties in the order of UTF-16 code units, so that arrival order does not matter. */
export function ranked(counts: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : a > b ? 1 : 0));
}
