import type { Breakdown } from '../../../explore/breakdown.js';
import type { DumpExploration } from '../../../explore/exploration.js';
import { bars } from '../bars.js';
import { count, percent, plural } from '../format.js';
import { type Html, html, name } from '../html.js';
import type { Section } from '../section.js';
import { folded, table } from '../table.js';

/** Listings by label, brand, colour, country and language, each with its tail, and classes on the same photos. */
export function exploredClassesSection({ breakdowns, pairs, pairCount, task }: DumpExploration): Section {
  const parts = breakdowns.map((one, index) => ({
    id: `classes-${index + 1}`,
    title: `By ${one.name}`,
    body: breakdownBody(one, `classes-${index + 1}`),
  }));
  return {
    id: 'classes',
    title: 'Classes of the listings',
    parts: [
      ...parts,
      {
        id: 'pairs',
        title: 'Classes on the same photos',
        body:
          pairCount === 0
            ? html`<p>No photo has two labels of <code>${name(task)}</code>.</p>`
            : html`<p>${plural(pairCount, 'pair')} of classes of <code>${name(task)}</code> on the same photos, boilerplate left out${pairCount > pairs.length && `; the ${count(pairs.length)} with the most`}.</p>
${table({
  caption: 'Pairs of classes and the photos they share',
  columns: [
    { title: 'Class' },
    { title: 'Class' },
    { title: 'Photos of both', numeric: true },
    { title: 'Of the smaller class', numeric: true },
  ],
  rows: pairs.map(({ a, b, photos, share }) => [
    name(a),
    name(b),
    { show: count(photos), by: photos },
    { show: percent(share), by: share },
  ]),
  sortable: true,
})}`,
      },
    ],
  };
}

function breakdownBody(
  { name: key, classes, listings, top, singles, classesFor }: Breakdown,
  id: string,
): Html {
  if (classes === 0) return html`<p>No listing has a value.</p>`;
  const { half, nineTenths, nearlyAll } = classesFor;
  const what = key === 'language' ? 'uses' : 'listings';
  return html`<p>${plural(classes, 'class', 'classes')}, ${count(listings)} ${what}. The largest ${hold(half)} half of them, ${hold(nineTenths)} 90 %, ${hold(nearlyAll)} 99 %${singles > 0 && `; ${plural(singles, 'class has', 'classes have')} one alone`}.</p>
${bars({
  id,
  alt: `Bars: listings of the largest classes of ${key}. The table below has the numbers.`,
  rows: top.map(({ value, listings: times }) => [value, times]),
  ...(classes > top.length && { note: `The ${top.length} largest of ${count(classes)}.` }),
})}
${folded(
  'The numbers',
  table({
    caption: `Listings by ${key}`,
    columns: [{ title: 'Value' }, { title: 'Listings', numeric: true }],
    rows: top.map(({ value, listings: times }) => [name(value), { show: count(times), by: times }]),
    sortable: true,
  }),
)}`;
}

function hold(classes: number): string {
  return classes === 1 ? 'one holds' : `${count(classes)} hold`;
}
