import type { ColumnProfile } from '../data.js';
import { count, percent, plural } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { shareBar, table } from '../table.js';

/** A dump may make up a key a listing: the page shows the columns that are filled most. */
const MOST_COLUMNS = 200;

/** How often each column of the dump has no value, the emptiest first. */
export function columnsSection({ listings, shards, columns }: ColumnProfile): Section {
  const emptiest = [...columns]
    .sort((a, b) => b.missing - a.missing || (a.name < b.name ? -1 : 1))
    .slice(-MOST_COLUMNS);
  const hidden = columns.length - emptiest.length;
  return {
    id: 'columns',
    title: 'Missing values',
    body: html`<p>${plural(listings, 'listing')} in ${plural(shards, 'shard')}, ${plural(columns.length, 'column')}, the emptiest first${hidden > 0 && `; the ${count(hidden)} that are emptier still are not shown`}.</p>
${table({
  caption: 'Listings without a value, column by column',
  columns: [
    { title: 'Column' },
    { title: 'Missing', numeric: true },
    { title: 'Present', numeric: true },
    { title: 'Share missing', numeric: true },
  ],
  rows: emptiest.map(({ name: column, missing, present }) => {
    const share = missing / (missing + present);
    return [
      html`<code>${name(column)}</code>`,
      { show: count(missing), by: missing },
      { show: count(present), by: present },
      { show: shareBar(share, percent(share)), by: Number.isFinite(share) ? share : -1 },
    ];
  }),
  sortable: true,
})}`,
  };
}
