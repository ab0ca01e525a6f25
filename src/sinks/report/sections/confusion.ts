import type { ReportMistake, ReportPhoto, TaskReport } from '../data.js';
import { count, percent, plural } from '../format.js';
import { type Content, type Html, html, name } from '../html.js';
import { type ConfusedPair, confusedPairs, mostConfused } from '../pairs.js';
import { type Thumbnails, tile } from '../photos.js';
import type { Section } from '../section.js';

/** A larger matrix could not be read: only the most confused classes are shown then. */
const MOST_CLASSES = 40;
/** Pairs without photos in the page are listed up to here. */
const MOST_LISTED = 15;

/** Photos behind the cells of a matrix. */
export interface CellPhotos {
  mistakes: readonly ReportMistake[];
  right: readonly (ReportPhoto & { label: string; probability: number })[];
}

/** Which classes are taken for which others, with the photos behind each cell. */
export function confusionSection(task: TaskReport, id: string, made: Thumbnails, shown: CellPhotos): Section {
  const { classes, confusion, side } = task.evaluation;
  const places = mostConfused(confusion, MOST_CLASSES);
  const cells = cellsOf(task, shown);
  const pairs = confusedPairs(confusion);
  return {
    id,
    title: 'Confusion matrix',
    body: html`<p>A row is a class of the ${side} side, a column what the model took its photos for: right in teal, wrong in red, stronger the larger the share of the row. A number leads to photos of it.</p>
${
  places.length < classes.length &&
  html`<p class="note">The ${places.length} most confused of ${count(classes.length)} classes; the table of classes has the others.</p>`
}
${places.length > 0 && matrix(task, id, places, cells)}
${
  pairs.length === 0
    ? html`<p>No photo was taken for another class.</p>`
    : html`<h4 id="${id}-pairs">Photos of each confusion, the most frequent first</h4>
<div class="cells pairs">${pairs.map((pair, index) => pairPhotos(pair, index, { classes, id, cells, made }))}</div>`
}
${
  classes.length > 0 &&
  html`<h4>Photos that are right: what the model is most and least sure about</h4>
<div class="cells">${classes.map((_, at) => rightPhotos(at, { classes, id, cells, made }))}</div>`
}`,
  };
}

type Cells = ReadonlyMap<string, readonly (ReportPhoto & { probability: number })[]>;
interface Gallery {
  classes: readonly string[];
  id: string;
  cells: Cells;
  made: Thumbnails;
}

const keyOf = (from: number, to: number) => `${from}-${to}`;

function cellsOf({ evaluation: { classes } }: TaskReport, { mistakes, right }: CellPhotos): Cells {
  const places = new Map(classes.map((label, index) => [label, index]));
  const cells = new Map<string, (ReportPhoto & { probability: number })[]>();
  const hits = right.map((photo) => ({ ...photo, predicted: photo.label }));
  for (const photo of [...mistakes, ...hits]) {
    const key = keyOf(places.get(photo.label) ?? -1, places.get(photo.predicted) ?? -1);
    cells.set(key, [...(cells.get(key) ?? []), photo]);
  }
  return cells;
}

function matrix({ evaluation }: TaskReport, id: string, places: readonly number[], cells: Cells): Html {
  const { classes, confusion, perClass } = evaluation;
  const wrongShare = (at: number) => 1 - (perClass[at]?.recall ?? 0);
  const orders = [
    ['label', 'by name'],
    ['photos', 'by photos, the most first'],
    ['wrong', 'by error, the worst first'],
    ['likeness', 'confused classes side by side'],
  ] as const;
  const beside = byLikeness(confusion, places);
  const caption = `Confusion matrix of ${plural(places.length, 'class', 'classes')}`;
  const head = (at: number, scope: 'row' | 'col') =>
    html`<th scope="${scope}"><span>${name(classes[at] ?? '')}</span></th>`;
  return html`<div class="tools" data-tools hidden>
<label>Order <select data-order>${orders.map(([value, title]) => html`<option value="${value}">${title}</option>`)}</select></label>
<span role="group" aria-label="Size of the matrix"><button type="button" data-zoom="-1" aria-label="Smaller">−</button><button type="button" data-zoom="0">100 %</button><button type="button" data-zoom="1" aria-label="Larger">+</button></span>
<span class="note">Arrow keys go from number to number, Enter to its photos.</span></div>
<div class="scroll matrix" role="region" aria-label="Confusion matrix" tabindex="0">
<table class="confusion" data-confusion>
<caption>${caption}</caption>
<thead><tr><td></td>${places.map((at) => head(at, 'col'))}</tr></thead>
<tbody>
${places.map((from, index) => {
  const total = confusion[from]!.reduce((sum, photos) => sum + photos, 0);
  return html`<tr data-label="${index}" data-photos="${total}" data-wrong="${wrongShare(from).toFixed(4)}" data-likeness="${beside.indexOf(from)}">${head(from, 'row')}${places.map((to) => cell(confusion[from]![to] ?? 0, total, { from, to, id, cells }))}</tr>
`;
})}</tbody>
</table>
</div>`;
}

function cell(
  photos: number,
  total: number,
  { from, to, id, cells }: { from: number; to: number; id: string; cells: Cells },
): Html {
  if (photos === 0) return html`<td></td>`;
  const kind = from === to ? 'hit' : 'miss';
  const shade = Math.sqrt(photos / total).toFixed(2);
  const show: Content = cells.has(keyOf(from, to))
    ? html`<a href="#${id}-${keyOf(from, to)}">${count(photos)}</a>`
    : count(photos);
  return html`<td class="${kind}" style="--shade:${shade}">${show}</td>`;
}

function pairPhotos(
  { from, to, photos, share }: ConfusedPair,
  index: number,
  gallery: Gallery,
): Html | false {
  const { classes, id, cells } = gallery;
  const own = cells.get(keyOf(from, to));
  if (own === undefined && index >= MOST_LISTED) return false;
  const title = html`${name(classes[from] ?? '')} taken for ${name(classes[to] ?? '')}: ${plural(photos, 'photo')}, ${percent(share)} of the class`;
  return own === undefined
    ? html`<p>${title}</p>`
    : tiles(
        `${id}-${keyOf(from, to)}`,
        title,
        own,
        gallery,
        `labelled ${classes[from]}, predicted ${classes[to]}`,
      );
}

function rightPhotos(at: number, gallery: Gallery): Html | false {
  const { classes, id, cells } = gallery;
  const own = cells.get(keyOf(at, at));
  return (
    own !== undefined &&
    tiles(
      `${id}-${keyOf(at, at)}`,
      html`${name(classes[at]!)} that is right`,
      own,
      gallery,
      `rightly ${classes[at]}`,
    )
  );
}

function tiles(
  id: string,
  title: Html,
  photos: readonly (ReportPhoto & { probability: number })[],
  { made, id: section }: Gallery,
  what: string,
): Html {
  return html`<details id="${id}"><summary>${title}</summary><div class="mistakes">${photos.map(
    ({ path, file, probability }) => html`<figure>${tile(made, file, `Photo ${path}, ${what}`)}
<figcaption><b>${percent(probability)}</b> <code>${name(path)}</code></figcaption></figure>
`,
  )}</div>
<p><a href="#${section}">Back to the matrix</a></p></details>
`;
}

/** An order in which classes that are often taken for one another stand side by side: each next to the one it is most confused with. */
function byLikeness(confusion: readonly (readonly number[])[], places: readonly number[]): number[] {
  const left = new Set(places);
  const order: number[] = [];
  const between = (a: number, b: number) => (confusion[a]![b] ?? 0) + (confusion[b]![a] ?? 0);
  let at = places[0];
  while (at !== undefined) {
    order.push(at);
    left.delete(at);
    const here: number = at;
    at = [...left].sort((a, b) => between(here, b) - between(here, a) || a - b)[0];
  }
  return order;
}
