import type { Listing } from '../../records.js';

/** The node paths of listings, as sellers' catalogues write them, by item. */
export interface ListingNodes {
  /** Entries by number: a path in a catalogue. */
  readonly entries: readonly NodeEntry[];
  /** Numbers of the entries of these items, ascending, each once. */
  of(items: Iterable<string>): number[];
  /** Whether most texts of a catalogue's listings are English. */
  isEnglish(catalogue: string): boolean;
}

export interface NodeEntry {
  /** Each marketplace sorts its products in its own way: its domain, or the country where that is not known. */
  catalogue: string;
  /** As written: `/Categorieën/Dames/Schoenen/Pumps`. */
  path: string;
}

/** Takes the nodes of listings as they pass by. Holds each path once, and numbers for each item. */
export function collectNodes(): ListingNodes & { observe(listing: Listing): void } {
  const entries: NodeEntry[] = [];
  const numbers = new Map<string, number>();
  const byItem = new Map<string, number[]>();
  const texts = new Map<string, { all: number; english: number }>();

  const numberOf = (catalogue: string, path: string) => {
    const key = `${catalogue}\0${path}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = entries.push({ catalogue, path }) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  return {
    entries,
    observe({ itemId, domain, country, attributes }) {
      const catalogue = (domain ?? country ?? '').toLowerCase();
      const said = texts.get(catalogue) ?? { all: 0, english: 0 };
      texts.set(catalogue, said);
      for (const { language } of attributes['item_name'] ?? []) {
        said.all += 1;
        if (language?.startsWith('en')) said.english += 1;
      }
      const nodes = attributes['node'];
      if (nodes === undefined) return;
      const own = byItem.get(itemId) ?? [];
      byItem.set(itemId, own);
      for (const { value } of nodes) own.push(numberOf(catalogue, value));
    },
    of(items) {
      const found = new Set<number>();
      for (const item of items) for (const number of byItem.get(item) ?? []) found.add(number);
      return [...found].sort((a, b) => a - b);
    },
    isEnglish(catalogue) {
      const { all, english } = texts.get(catalogue) ?? { all: 0, english: 0 };
      return 2 * english > all;
    },
  };
}
