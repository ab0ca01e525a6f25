import type { Unmapped } from '../../../summary.js';
import { count, plural } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** The values that no label could be read from: what a recipe's `merge` may still name. */
export function unmappedSection({ photos, values, most }: Unmapped, id: string): Section {
  const rest = values - most.length;
  return {
    id,
    title: 'Values without a label',
    body:
      values === 0
        ? html`<p>Every value has a label.</p>`
        : html`<p>${plural(photos, 'photo')} left because no label could be read from ${plural(values, 'value')}, the most frequent first${rest > 0 && `; the ledger has the other ${count(rest)}`}.</p>
${table({
  caption: 'Values that no label could be read from',
  columns: [{ title: 'Value' }, { title: 'Photos', numeric: true }],
  rows: most.map(({ value, photos: times }) => [name(value), { show: count(times), by: times }]),
  sortable: true,
})}`,
  };
}
