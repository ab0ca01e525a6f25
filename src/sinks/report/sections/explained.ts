import type { ReportExplained } from '../data.js';
import { percent } from '../format.js';
import { html, name } from '../html.js';
import type { Overlays } from '../overlays.js';
import type { Section } from '../section.js';

/** Where the model sees classes in some photos. */
export function explainedSection(
  explained: readonly ReportExplained[],
  id: string,
  overlays: Overlays,
): Section {
  return {
    id,
    title: 'What the model looks at',
    body: html`<p>Grad-CAM (Selvaraju et al. 2017): the warmer a place, the more it speaks for the class. Of mistakes both the predicted class and the label are shown; photos are as the model saw them.</p>
<div class="explained">
${explained.map((photo) => {
  const pictures = overlays.get(photo);
  const { path, label, predicted, probability, seen } = photo;
  return html`<figure>
<div class="looks">${
    pictures === undefined
      ? html`<span class="tile unreadable" role="img" aria-label="Photo ${path}; it could not be read">not readable</span>`
      : pictures.map(
          (uri, index) =>
            html`<img src="${uri}" alt="${index === 0 ? `Photo ${path}` : `Where it looks like ${seen[index - 1]!.label}`}" width="160" height="160" decoding="async">`,
        )
  }</div>
<figcaption>${
    label === predicted
      ? html`rightly ${name(label)} <b>${percent(probability)}</b>`
      : html`${name(predicted)} <b class="bad">${percent(probability)}</b>, labelled ${name(label)}`
  } <small>${seen.map((one, index) => html`${index > 0 && ', '}${index === 0 ? 'then' : 'and'} where it looks like ${name(one.label)}`)}</small></figcaption>
</figure>
`;
})}</div>`,
  };
}
