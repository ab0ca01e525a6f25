import { ABO_ATTRIBUTION } from '../../../attribution.js';
import { html } from '../html.js';
import type { Section } from '../section.js';

/** Whose photos the report shows. */
export function attributionSection({
  synthetic,
  sourceKind,
}: {
  synthetic: boolean;
  sourceKind: string;
}): Section | undefined {
  if (synthetic) {
    return {
      id: 'attribution',
      title: 'Photos',
      body: html`<p>All photos and listings in this report are drawn by <code>pipeline synth</code>: none shows a real product.</p>`,
    };
  }
  if (sourceKind !== 'abo') return undefined;
  const { name, page, holder, licence, paper } = ABO_ATTRIBUTION;
  return {
    id: 'attribution',
    title: 'Attribution',
    body: html`<p>Photos and listing text are <a href="${page}" rel="noreferrer">${name}</a>, © ${holder}, licensed under <a href="${licence.url}" rel="license noreferrer">${licence.name}</a>. The photos are scaled down here. ${paper.authors}, <cite>${paper.title}</cite>, ${paper.venue}.</p>`,
  };
}
