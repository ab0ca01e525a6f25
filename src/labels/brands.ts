import { remember } from '../remember.js';
import type { LabelValue } from './reader.js';
import { fold } from './words.js';

/** `Amazon Brand - Solimo`, as item names begin in each marketplace. */
const HOUSE_BRAND =
  /^(?:(?:eine |an )?amazon (?:brand|marke|merk)|(?:une )?marque (?:d')?amazon|(?:una )?marca (?:de )?amazon)[\s:]+(?=\S)/u;
/** Words for `by`; of these `von` also stands in names of people: what it joins is only cut by evidence. */
const BY = '(?:by|von|par|por|door)';
const LEADING_BY = new RegExp(`^${BY} (?=\\S)`, 'u');
const INNER_BY = new RegExp(`^(.+?) ${BY} (.+)$`, 'u');
const AND = / (?:&|\+|and|und|et|y|e|en|och|ve) /gu;
/** Another writing, in brackets: `Amazonベーシック(Amazon Basics)`. */
const BRACKETED = /^([^()]+)\(([^()]+)\)$/u;
/** A variant goes with a brand when so large a share of the listings that say both name this brand. */
const AGREEMENT = 0.8;

/** A brand's text without what differs between its writings. */
interface Brand {
  key: string;
  /** Of `X by Y`: the key of X. */
  head?: string;
}

function brandOf(text: string): Brand {
  const bare = fold(text.replace(/[™®©]/gu, ' '));
  const own = bare.replace(HOUSE_BRAND, '').replace(LEADING_BY, '');
  const key = lettersOf(own, text);
  const [, head, tail] = INNER_BY.exec(own) ?? [];
  if (head === undefined || tail === undefined) return { key };
  return { key: `${lettersOf(head, text)} by ${lettersOf(tail, text)}`, head: lettersOf(head, text) };
}

/** Letters and digits alone, without words for `and`, and what ends it in C++ and C#; of a text without any, the text. */
function lettersOf(folded: string, text: string): string {
  const letters = folded.replace(AND, ' ').replace(/[^\p{L}\p{M}\p{N}+#]|[+#](?=.*[^+#])/gu, '');
  return letters === '' ? fold(text) : letters;
}

/**
 * What the writings of one brand share. Case, punctuation, spaces, accents, Unicode forms, `&` for `and`, a leading
 * `Amazon Brand -` or `by` never count. By evidence of all values, one brand are also
 * - `X by Y` (von, par, …) and X, where X stands alone too;
 * - `アマゾン (Amazon)` and each of its writings, where one is in Latin letters alone and the other is not;
 * - a text in another language and the brand that its listings also name, where they agree, unless listings in English
 *   use that text themselves.
 * Does not depend on the order of the values.
 */
export function brandKeys(values: readonly LabelValue[]): (text: string) => string {
  const brand = remember(brandOf);
  const alone = new Set(values.map(({ value }) => brand(value).key));
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let at = key;
    for (let next = parents.get(at); next !== undefined; next = parents.get(at)) at = next;
    return at;
  };
  const join = (a: string, b: string) => {
    const [small, large] = [rootOf(a), rootOf(b)].sort();
    if (small !== large) parents.set(large!, small!);
  };
  for (const value of new Set(values.map(({ value }) => value))) {
    const { key, head } = brand(value);
    if (head !== undefined && alone.has(head)) join(key, head);
    const [, before, inside] = BRACKETED.exec(value) ?? [];
    if (before === undefined || inside === undefined || isForeign(before) === isForeign(inside)) continue;
    join(key, brand(before).key);
    join(key, brand(inside).key);
  }
  for (const [variant, to] of agreedVariants(values, brand)) join(variant, to);
  return remember((text) => rootOf(brand(text).key));
}

/** Whether a text has letters of another script than the Latin one. */
function isForeign(text: string): boolean {
  return /(?!\p{Script=Latin})\p{L}/u.test(text);
}

/** Texts in other languages with the one brand that stands beside them. */
function agreedVariants(
  values: readonly LabelValue[],
  brandIn: (text: string) => Brand,
): [variant: string, brand: string][] {
  const beside = new Map<string, Map<string, number>>();
  const english = new Set(
    values.filter(({ language }) => language === undefined).map(({ value }) => brandIn(value).key),
  );
  for (const { value, variants = [] } of values) {
    const brand = brandIn(value).key;
    for (const variant of variants) {
      const key = brandIn(variant).key;
      if (english.has(key)) continue;
      const brands = beside.get(key) ?? new Map<string, number>();
      brands.set(brand, (brands.get(brand) ?? 0) + 1);
      beside.set(key, brands);
    }
  }
  return [...beside].flatMap(([variant, brands]) => {
    const total = [...brands.values()].reduce((sum, count) => sum + count, 0);
    const agreed = [...brands].find(([, count]) => count >= AGREEMENT * total);
    return agreed === undefined ? [] : [[variant, agreed[0]] as [string, string]];
  });
}
