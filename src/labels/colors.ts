import { type Color, PALETTE } from './palette.js';
import { fold, languageOf, wordsIn } from './words.js';

/** What a word or phrase says: a colour by its own name, or a shade of it. */
interface Meaning {
  color: Color;
  kind: 'name' | 'shade';
}

type Dictionary = ReadonlyMap<string, Meaning>;

const LONGEST_PHRASE = 3;
/** Words of other languages than the text's must be at least so long: `or` is gold in French alone. */
const SHORTEST_FOREIGN = 4;
/** … unless they are all that is said. */
const SHORTEST_ALONE = 3;
/** Languages that put what is meant first: `vert olive` is a green, `olive green` too. */
const HEAD_FIRST = new Set(['fr', 'es', 'it', 'pt']);
/** Languages that write compounds in one word, `dunkelblau`. */
const COMPOUNDING = ['de', 'nl', 'sv'];
const GERMAN_ENDING = /(?:er|en|es|em|e)$/;
const JOINED_SCRIPT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

const SEPARATORS = /[/&+,;|:\\、・×と]| x /u;
/** Words that join colours, in the languages where they mean that. */
const CONJUNCTIONS: Readonly<Record<string, string>> = {
  en: 'and|with',
  de: 'und|mit',
  fr: 'et|avec',
  es: 'y|con',
  it: 'e|con',
  pt: 'e|com',
  nl: 'en|met',
  sv: 'och|med',
  pl: 'i|z',
  tr: 've',
};

const DICTIONARIES = new Map(Object.keys(PALETTE).map((language) => [language, dictionaryOf(language)]));

function dictionaryOf(language: string): Dictionary {
  const words = new Map<string, Meaning>();
  const { names, shades } = PALETTE[language]!;
  for (const [kind, lists] of [['shade', shades] as const, ['name', names] as const]) {
    for (const [color, list] of Object.entries(lists)) {
      for (const word of list.split('|')) words.set(fold(word), { color: color as Color, kind });
    }
  }
  return words;
}

/**
 * The colours that a seller's text names, in its order and each once; empty where it names none. Words of the text's
 * own language count first, then English, then others'. Of one phrase a colour's own name decides, then its head: its
 * last shade, in Romance languages its first. What stands in brackets only counts where nothing before it does.
 * @param tag the text's language, such as `de_DE`.
 */
export function colorsIn(text: string, tag?: string): Color[] {
  const language = languageOf(tag) ?? 'en';
  const folded = fold(text);
  const outside = folded.replace(/\([^()]*\)/g, ' ');
  const colors = colorsOfList(outside, language);
  if (colors.length > 0 || outside === folded) return colors;
  return colorsOfList(folded.replace(/[()]/g, ' '), language);
}

function colorsOfList(text: string, language: string): Color[] {
  const conjunction = new RegExp(` (?:${CONJUNCTIONS['en']}|${CONJUNCTIONS[language] ?? 'and'}) `, 'u');
  const phrases = text.split(SEPARATORS).flatMap((part) => part.split(conjunction));
  return distinct(phrases.flatMap((phrase) => colorsOfPhrase(phrase, language)));
}

function colorsOfPhrase(phrase: string, language: string): Color[] {
  const found = meaningsIn(wordsIn(phrase), language);
  const several = found.filter(({ color }) => color === 'multi').slice(0, 1);
  const single = found.filter(({ color }) => color !== 'multi');
  const names = single.filter(({ kind }) => kind === 'name');
  const head = HEAD_FIRST.has(language) ? single.slice(0, 1) : single.slice(-1);
  const kept = new Set([...several, ...(names.length > 0 ? names : head)]);
  return found.filter((meaning) => kept.has(meaning)).map(({ color }) => color);
}

/** The meanings of words, the longest phrases first. */
function meaningsIn(words: readonly string[], language: string): Meaning[] {
  const found: Meaning[] = [];
  for (let at = 0; at < words.length; ) {
    let taken = 1;
    for (let length = Math.min(LONGEST_PHRASE, words.length - at); length >= 1; length--) {
      const meaning = meaningOf(words.slice(at, at + length).join(' '), language, words.length === length);
      if (meaning === undefined) continue;
      // Copies, so that one said twice stands in two places.
      found.push({ ...meaning });
      taken = length;
      break;
    }
    if (taken === 1 && meaningOf(words[at]!, language, words.length === 1) === undefined) {
      found.push(...partsOf(words[at]!, language));
    }
    at += taken;
  }
  return found;
}

function meaningOf(phrase: string, language: string, alone: boolean): Meaning | undefined {
  const own = DICTIONARIES.get(language)?.get(phrase) ?? DICTIONARIES.get('en')?.get(phrase);
  if (own !== undefined) return own;
  const plural = phrase.endsWith('s') ? DICTIONARIES.get('en')?.get(phrase.slice(0, -1)) : undefined;
  if (plural !== undefined) return plural;
  const stem = language === 'de' ? phrase.replace(GERMAN_ENDING, '') : phrase;
  const inflected = DICTIONARIES.get('de')?.get(stem);
  if (stem !== phrase && inflected !== undefined) return inflected;
  if (phrase.length < (alone ? SHORTEST_ALONE : SHORTEST_FOREIGN)) return undefined;
  for (const dictionary of DICTIONARIES.values()) {
    const foreign = dictionary.get(phrase);
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}

/** The meanings inside one word: of scripts without spaces all, of a compound its end and what stands before it. */
function partsOf(word: string, language: string): Meaning[] {
  if (JOINED_SCRIPT.test(word)) return scan(word, language);
  for (const compounding of COMPOUNDING) {
    const shortest = compounding === language ? SHORTEST_ALONE : SHORTEST_FOREIGN;
    for (const [end, meaning] of DICTIONARIES.get(compounding)!) {
      if (end.length < shortest || meaning.kind !== 'name' || !word.endsWith(end)) continue;
      const before = DICTIONARIES.get(compounding)!.get(word.slice(0, -end.length));
      return before?.kind === 'name' ? [{ ...before }, { ...meaning }] : [{ ...meaning }];
    }
  }
  return [];
}

function scan(text: string, language: string): Meaning[] {
  const dictionaries = [language, 'ja', 'zh'].map((name) => DICTIONARIES.get(name));
  const found: Meaning[] = [];
  for (let at = 0; at < text.length; ) {
    let length = text.length - at;
    let meaning: Meaning | undefined;
    for (; length >= 1 && meaning === undefined; length--) {
      const piece = text.slice(at, at + length);
      meaning = dictionaries.map((dictionary) => dictionary?.get(piece)).find((one) => one !== undefined);
      if (meaning !== undefined) break;
    }
    if (meaning !== undefined) found.push({ ...meaning });
    at += Math.max(1, length);
  }
  return found;
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
