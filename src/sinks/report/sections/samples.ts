import type { TaskReport } from '../data.js';
import { html, name } from '../html.js';
import { type Thumbnails, tile } from '../photos.js';
import type { Section } from '../section.js';

/** A few photos of each class, as they were labelled. */
export function samplesSection(
  task: TaskReport,
  id: string,
  made: Thumbnails,
  photosPerClass: number,
): Section {
  return {
    id,
    title: 'Sample photos',
    body: html`<p>Drawn from each class by their hash, of different products where there are enough: what the labels mean in pictures.</p>
<div class="samples">
${task.classes.map(({ label, photos }) => {
  const shown = photos.slice(0, photosPerClass);
  return html`<figure>
<figcaption>${name(label)}</figcaption>
<div class="tiles">${shown.map(({ path, file }) => tile(made, file, `${label}: photo ${path}`))}</div>
</figure>
`;
})}</div>`,
  };
}
