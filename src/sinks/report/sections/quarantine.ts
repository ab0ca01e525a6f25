import type { LedgerSummary } from '../../ledger.js';
import { count, plural } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** What was set aside because it is damaged or makes no sense, and why. */
export function quarantineSection(ledger: readonly LedgerSummary[]): Section {
  const lines = ledger.filter(({ fate }) => fate === 'quarantined');
  const total = lines.reduce((sum, line) => sum + line.count, 0);
  return {
    id: 'quarantine',
    title: 'Quarantine',
    body:
      total === 0
        ? html`<p>Nothing was quarantined: every row and every photo could be read.</p>`
        : html`<p>${plural(total, 'record was', 'records were')} set aside: damaged, or of no use. <code>pipeline why RUN KEY</code> tells what is wrong with one and what to do.</p>
${table({
  caption: 'Quarantined records, by reason',
  columns: [
    { title: 'Reason' },
    { title: 'Stage' },
    { title: 'Records', numeric: true },
    { title: 'For example' },
  ],
  rows: lines.map(({ reason, stage, count: records, examples }) => [
    name(reason.replaceAll('-', ' ')),
    name(stage),
    { show: count(records), by: records },
    html`<span class="keys">${examples.map((key) => html`<code>${name(key)}</code> `)}</span>`,
  ]),
  sortable: true,
})}`,
  };
}
