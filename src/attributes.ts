import type { Attributes, AttributeValue } from './records.js';

/** Long texts that are never a label: they stay with the listing. */
const LONG_TEXTS = new Set(['bullet_point', 'item_keywords', 'product_description']);

/** One value an attribute. */
export type Chosen = Readonly<Record<string, string>>;

/** A listing's value of each attribute: its first in the best language: en_US, then any English, then any. */
export function chooseValues(attributes: Attributes): Chosen {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name, values]) => !LONG_TEXTS.has(name) && values.length > 0)
      .map(([name, values]) => [name, best(values).value]),
  );
}

function best(values: readonly AttributeValue[]): AttributeValue {
  return (
    values.find(({ language }) => language === 'en_US') ??
    values.find(({ language }) => language?.startsWith('en_')) ??
    values[0]!
  );
}

/** A value that lost against another. */
export interface Conflict {
  attribute: string;
  detail: string;
}

/**
 * One value an attribute from several listings' values. `first` takes the first that has one; `majority` the most
 * frequent, ties by first.
 * @param listings in the order of precedence: main views before others, then by arrival.
 */
export function resolveConflicts(
  listings: readonly Chosen[],
  rule: 'majority' | 'first',
): { values: Record<string, string>; conflicts: Conflict[] } {
  const counts = new Map<string, Map<string, number>>();
  for (const listing of listings) {
    for (const [name, value] of Object.entries(listing)) {
      const ways = counts.get(name) ?? new Map<string, number>();
      ways.set(value, (ways.get(value) ?? 0) + 1);
      counts.set(name, ways);
    }
  }
  const conflicts: Conflict[] = [];
  const values: [string, string][] = [];
  for (const [attribute, ways] of counts) {
    const ranked = [...ways];
    // Sorting is stable, so equal counts keep the order in which they were first seen.
    if (rule === 'majority') ranked.sort(([, a], [, b]) => b - a);
    values.push([attribute, ranked[0]![0]]);
    if (ranked.length < 2) continue;
    const [kept, ...lost] = ranked.map(([value, count]) => `${JSON.stringify(value)} (${count})`);
    conflicts.push({ attribute, detail: `${attribute}: ${kept} over ${lost.join(', ')}` });
  }
  return { values: Object.fromEntries(values), conflicts };
}

/** What two writings of one value share: Unicode NFKC, single spaces, no case. */
export function matchKey(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase();
}
