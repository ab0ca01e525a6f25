import type { ReportMistake, TaskReport } from '../data.js';
import { percent, plural } from '../format.js';
import { type Html, html, name } from '../html.js';
import { type Thumbnails, tile } from '../photos.js';
import type { Section } from '../section.js';
import { folded, table } from '../table.js';

/** Mistakes that are shown with their photo; the others are listed. */
export const PICTURED_MISTAKES = 24;

/** Those after them, too, are the most confident of all; others stand under the confusion matrix. */
const MOST_LISTED = 48;

/** The photos about which the model is sure and that carry another label. */
export function mistakesSection(task: TaskReport, id: string, made: Thumbnails): Section {
  const { mistakes, side } = task.evaluation;
  const listed = mistakes.slice(PICTURED_MISTAKES, MOST_LISTED);
  return {
    id,
    title: 'The most confident mistakes',
    body:
      mistakes.length === 0
        ? html`<p>There is none on the ${side} side.</p>`
        : html`<p>Photos of the ${side} side that the model is most sure about and that carry another label. Wrong labels in the data show up here first.</p>
${mistakeCards(mistakes.slice(0, PICTURED_MISTAKES), made)}
${
  listed.length > 0 &&
  folded(
    `${plural(listed.length, 'more mistake')}`,
    table({
      caption: 'Further mistakes, the most confident first',
      columns: [
        { title: 'Photo' },
        { title: 'Labelled' },
        { title: 'Predicted' },
        { title: 'Probability', numeric: true },
      ],
      rows: listed.map(({ path, label, predicted, probability }) => [
        html`<code>${name(path)}</code>`,
        name(label),
        name(predicted),
        { show: percent(probability), by: probability },
      ]),
      sortable: true,
    }),
  )
}`,
  };
}

/** Mistakes with their photos. */
export function mistakeCards(mistakes: readonly ReportMistake[], made: Thumbnails): Html {
  return html`<div class="mistakes">
${mistakes.map((mistake) => card(mistake, made))}</div>`;
}

function card({ path, file, label, predicted, probability, imageId }: ReportMistake, made: Thumbnails) {
  return html`<figure>
${tile(made, file, `Photo ${imageId}, labelled ${label}, predicted ${predicted}`)}
<figcaption><span class="predicted">${name(predicted)} <b>${percent(probability)}</b></span>
<span>labelled ${name(label)}</span>
<code>${name(path)}</code></figcaption>
</figure>
`;
}
