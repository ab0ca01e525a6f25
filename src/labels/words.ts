/**
 * Text as it is compared with lists of words: Unicode NFKC, no case, no accents on Latin letters, ß as ss, the Turkish
 * dotless ı as i, hyphens and underscores as spaces, single spaces.
 */
export function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/ß/g, 'ss')
    .replace(/ı/g, 'i')
    .replace(/ł/g, 'l')
    .replace(/[\p{Dash_Punctuation}_]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** The language of a tag such as `es_MX` or `es-MX`: `es`. */
export function languageOf(tag: string | undefined): string | undefined {
  return tag?.split(/[_-]/, 1)[0]?.toLowerCase();
}

/** Words, each a run of letters: `l.grey 39` is `l` and `grey`. */
export function wordsIn(text: string): string[] {
  return text.match(/\p{L}[\p{L}\p{M}'’]*/gu) ?? [];
}
