import type { AugmentationReport } from '../data.js';
import { plural } from '../format.js';
import { html, raw } from '../html.js';
import { dataUri } from '../photos.js';
import type { Section } from '../section.js';

/** Training photos beside what augmentation makes of them. */
export function augmentationSection({
  jpeg,
  width,
  height,
  photos,
  views,
  recipe,
}: AugmentationReport): Section {
  const what = `${plural(photos, 'training photo')}, each followed by ${plural(views, 'augmented view')}`;
  return {
    id: 'augmentation',
    title: 'Augmentation',
    body: html`<p>The first column has photos as they are, the others what training sees of them, epoch by epoch: <code>${recipe}</code>.</p>
<figure><img class="sheet" src="${raw(dataUri(jpeg))}" alt="${what}" width="${width}" height="${height}" decoding="async">
<figcaption>${what}. <code>pipeline preview</code> draws others.</figcaption></figure>`,
  };
}
