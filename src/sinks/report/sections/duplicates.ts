import { type DuplicatesReport, type RelationReport, type ShownGroup, widthOf } from '../duplicates.js';
import { count, plural } from '../format.js';
import { type Content, type Html, html, name } from '../html.js';
import { type Thumbnails, tile } from '../photos.js';
import type { Section } from '../section.js';

/** The distance of two perceptual hashes is of so many bits. */
const HASH_BITS = 64;

/** A gallery of the groups that were found, and of what was pruned as boilerplate. */
export function duplicatesSection(found: DuplicatesReport, made: Thumbnails): Section {
  return {
    id: 'duplicates',
    title: 'Duplicates',
    body: html`<p>Every group stands in <code>duplicates.jsonl</code>. Half of those below have the pairs that are farthest apart, where a mistake would show first; the others are the largest. Distances are bits of a ${HASH_BITS}-bit perceptual hash.</p>`,
    parts: [
      {
        id: 'duplicates-same',
        title: 'Same pictures',
        body: gallery(found.same, made, {
          none: 'No two photos are the same picture.',
          what: 'each merged into its representative, which stands first',
        }),
      },
      {
        id: 'duplicates-family',
        title: 'Families',
        body: gallery(found.family, made, {
          none: 'No photos are linked.',
          what: 'kept on one side of any split, and not merged',
        }),
      },
      { id: 'duplicates-boilerplate', title: 'Boilerplate', body: boilerplateBody(found.boilerplate, made) },
    ],
  };
}

function gallery(
  { groups, images, grounds, shown }: RelationReport,
  made: Thumbnails,
  { none, what }: { none: string; what: string },
): Html {
  if (groups === 0) return html`<p>${none}</p>`;
  const pairs = Object.entries(grounds).map(([ground, times]) => `${count(times)} by ${ground}`);
  return html`<p>${plural(groups, 'group')} of ${count(images)} images, ${what}. Pairs that say so: ${pairs.join(', ')}.</p>
<div class="groups">
${shown.map((group) => groupFigure(group, made))}</div>`;
}

function groupFigure(group: ShownGroup, made: Thumbnails): Html {
  const { representative, images, photos, pairs } = group;
  const width = widthOf(group);
  const grounds = [...new Set(pairs.map(({ ground }) => ground))].sort();
  const distance = width > 0 ? `, up to ${plural(width, 'bit')} apart` : '';
  const hidden = images - photos.length;
  return html`<figure>
<figcaption>${count(images)} images by ${grounds.join(', ')}${distance}${hidden > 0 && `; ${count(photos.length)} are shown`}</figcaption>
<div class="tiles">${photos.map(({ imageId, photo }) =>
    card(imageId, photo?.file, made, imageId === representative ? 'representative' : whyText(imageId, group)),
  )}</div>
</figure>
`;
}

/** By which ground a photo belongs to its group: its pair with the representative, else its first. */
function whyText(imageId: string, { representative, pairs }: ShownGroup): Content {
  const own = pairs.filter(({ a, b }) => a === imageId || b === imageId);
  const other = ({ a, b }: (typeof own)[number]) => (a === imageId ? b : a);
  const direct = own.filter((pair) => other(pair) === representative);
  const told = direct.length > 0 ? direct : own.slice(0, 1);
  // Groups are named by the photos that pictures were merged into.
  if (told.length === 0) return 'the same picture as another';
  const grounds = [...new Set(told.map(groundText))].join(', ');
  return direct.length > 0 ? grounds : html`${grounds}, with <code>${name(other(told[0]!))}</code>`;
}

function groundText({ ground, distance }: ShownGroup['pairs'][number]): string {
  if (distance !== undefined && distance > 0) return `${plural(distance, 'bit')} apart`;
  return ground === 'near' ? 'same hash' : `same ${ground}`;
}

function card(imageId: string, file: string | undefined, made: Thumbnails, why: Content): Html {
  return html`<div class="card">${tile(made, file ?? '', `image ${imageId}`)}<small><code>${name(imageId)}</code> ${why}</small></div>`;
}

function boilerplateBody(
  { pictures, images, shown }: DuplicatesReport['boilerplate'],
  made: Thumbnails,
): Html {
  if (pictures === 0) return html`<p>No picture was pruned as boilerplate.</p>`;
  const rest = pictures - shown.length;
  return html`<p>${plural(pictures, 'picture')} of ${plural(images, 'image')} ${pictures === 1 ? 'was' : 'were'} pruned before anything was linked: a logo or a size chart says nothing of an item. <code>boilerplate.jsonl</code> has all${rest > 0 && `; the ${count(shown.length)} in the most listings are shown`}.</p>
<div class="groups"><div class="tiles">${shown.map(({ representative, listings, types, photo }) =>
    card(
      representative,
      photo?.file,
      made,
      `${plural(listings, 'listing')}, ${plural(types, 'product type')}`,
    ),
  )}</div></div>`;
}
