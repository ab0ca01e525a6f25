import { type Content, type Html, html } from './html.js';

export interface Column {
  title: string;
  /** Numbers stand to the right and sort from the largest down. */
  numeric?: boolean;
}

/** What a cell shows, and what it is sorted by where that is something else. */
export type Cell = Content | { show: Content; by: number | string };

/**
 * A table in a box that scrolls sideways on its own. The first column heads its row. With `sortable`, the page's
 * script turns the headings into buttons; the table is complete without it.
 */
export function table(options: {
  caption: string;
  columns: readonly Column[];
  rows: readonly (readonly Cell[])[];
  foot?: readonly Content[];
  sortable?: boolean;
}): Html {
  const { caption, columns, rows, foot, sortable = false } = options;
  const numeric = (index: number) => columns[index]?.numeric === true && html` class="n"`;
  const cell = (content: Cell, index: number) => {
    const { show, by } = isSorted(content) ? content : { show: content, by: undefined };
    const key = by !== undefined && html` data-by="${by}"`;
    return index === 0
      ? html`<th scope="row"${numeric(index)}${key}>${show}</th>`
      : html`<td${numeric(index)}${key}>${show}</td>`;
  };
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table${sortable && html` data-sortable`}>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ title }, index) => html`<th scope="col"${numeric(index)}>${title}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map(cell)}</tr>\n`)}</tbody>
${foot !== undefined && html`<tfoot><tr>${foot.map(cell)}</tr></tfoot>\n`}</table>
</div>`;
}

function isSorted(cell: Cell): cell is { show: Content; by: number | string } {
  return typeof cell === 'object' && 'by' in cell;
}

/** A share in 0..1 as a bar behind its text. */
export function shareBar(share: number, text: string): Html {
  const width = Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) * 100 : 0;
  return html`<span class="bar" style="--share:${width.toFixed(1)}%">${text}</span>`;
}

/** Names and values in two columns. */
export function facts(entries: readonly (readonly [string, Content])[]): Html {
  return html`<dl class="facts">${entries.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

/** Something that is folded until asked for, and always printed. */
export function folded(title: string, body: Html): Html {
  return html`<details><summary>${title}</summary>${body}</details>`;
}
