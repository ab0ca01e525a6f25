import type { Exploration } from '../../../explore/exploration.js';
import type { Spread } from '../../../explore/image-table.js';
import { bars } from '../bars.js';
import { count, percent, plural } from '../format.js';
import { type Html, html, name } from '../html.js';
import type { Section } from '../section.js';
import { facts, table } from '../table.js';

/** Photos: sizes, how often they are shown, duplicates, boilerplate, and what their listings disagree on. */
export function exploredPhotosSection(found: Exploration): Section {
  const { photos, table: rows, boilerplate } = found;
  return {
    id: 'photos',
    title: 'Photos of the dump',
    body: facts([
      ['Photos that listings name', count(photos.named)],
      ['Views: a photo in a listing', count(photos.views)],
      ['Not in the image table', count(photos.notInTable)],
      ['Images in the table', count(rows.images)],
      ['Of those, in no listing', count(rows.orphans)],
      ['Ids that come again', count(rows.repeatedIds)],
      ['Paths that come again', count(rows.repeatedPaths)],
    ]),
    parts: [
      { id: 'photos-sizes', title: 'Sizes', body: sizes(found) },
      {
        id: 'photos-shared',
        title: 'Photos in several listings',
        body: table({
          caption: 'Photos by the number of listings that show them',
          columns: [{ title: 'Listings' }, { title: 'Photos', numeric: true }],
          rows: shared(found).map(([times, n]) => [times, { show: count(n), by: n }]),
        }),
      },
      ...(found.files === undefined ? [] : [filesSection(found.files)]),
      {
        id: 'photos-boilerplate',
        title: 'Boilerplate',
        body:
          boilerplate.photos === 0
            ? html`<p>No photo stands in more than ${count(boilerplate.listings)} listings or of more than ${count(boilerplate.types)} product types.</p>`
            : html`<p>${plural(boilerplate.photos, 'photo stands', 'photos stand')} in more than ${count(boilerplate.listings)} listings or of more than ${count(boilerplate.types)} product types, ${count(boilerplate.views)} views in all.</p>
${table({
  caption: 'Photos in the most listings',
  columns: [
    { title: 'Image' },
    { title: 'Listings', numeric: true },
    { title: 'Product types', numeric: true },
  ],
  rows: boilerplate.most.map(({ imageId, listings, types }) => [
    html`<code>${name(imageId)}</code>`,
    { show: count(listings), by: listings },
    { show: count(types), by: types },
  ]),
  sortable: true,
})}`,
      },
      {
        id: 'photos-conflicts',
        title: 'Conflicts',
        body: html`<p>Photos that several listings show, and whose listings say different things. Values are compared in the preferred language where a listing has it: some disagree in language alone.</p>
${table({
  caption: 'Photos whose listings disagree',
  columns: [
    { title: 'Key' },
    { title: 'Photos with a value from several listings', numeric: true },
    { title: 'In conflict', numeric: true },
    { title: 'Share', numeric: true },
  ],
  rows: [...found.conflicts]
    .sort((a, b) => b.conflicting - a.conflicting || (a.name < b.name ? -1 : 1))
    .map(({ name: key, compared, conflicting }) => {
      const share = conflicting / compared;
      return [
        html`<code>${name(key)}</code>`,
        { show: count(compared), by: compared },
        { show: count(conflicting), by: conflicting },
        { show: percent(share), by: Number.isFinite(share) ? share : -1 },
      ];
    }),
  sortable: true,
})}`,
      },
    ],
  };
}

function sizes({ table: { sizeUnknown, width, height, aspects, sides } }: Exploration): Html {
  return html`${
    width !== undefined &&
    height !== undefined &&
    html`${table({
      caption: 'The original photos’ sizes in pixels, by the image table',
      columns: ['', 'Least', '5 % below', 'Median', '95 % below', 'Most'].map((title, at) => ({
        title,
        numeric: at > 0,
      })),
      rows: [spreadRow('Width', width), spreadRow('Height', height)],
    })}
${bars({ id: 'photos-aspects', alt: 'Bars: photos by width to height.', rows: aspects.map((bin) => [bin.name, bin.photos]), colour: 'teal', note: 'Photos by width to height; within 2 % of equal is square.' })}
${bars({ id: 'photos-sides', alt: 'Bars: photos by their longer side.', rows: sides.map((bin) => [bin.name, bin.photos]), colour: 'teal', note: 'Photos by their longer side.' })}`
  }
<p>${count(sizeUnknown)} without a size.</p>`;
}

function spreadRow(title: string, { least, p5, median, p95, most }: Spread) {
  return [title, ...[least, p5, median, p95, most].map((value) => count(value))];
}

/** One row up to five listings, then by doubling. */
function shared({ photos }: Exploration): [string, number][] {
  const bounds = [1, 2, 3, 4, 5, 10, 20, 50, 100, 1000, Number.POSITIVE_INFINITY];
  return bounds.flatMap((high, at): [string, number][] => {
    const low = at === 0 ? 1 : bounds[at - 1]! + 1;
    const n = photos.byListings
      .filter(({ listings }) => listings >= low && listings <= high)
      .reduce((sum, one) => sum + one.photos, 0);
    const text =
      low === high
        ? String(low)
        : high === Number.POSITIVE_INFINITY
          ? `over ${low - 1}`
          : `${low} to ${high}`;
    return n === 0 ? [] : [[text, n]];
  });
}

function filesSection({ read, unreadable, groups, spare, most }: NonNullable<Exploration['files']>): Section {
  return {
    id: 'photos-files',
    title: 'Files of the same bytes',
    body: html`<p>${plural(read, 'file')} read, ${count(unreadable)} that cannot be. ${plural(groups, 'group')} of the same bytes: ${plural(spare, 'image')} could be left out.</p>
${
  most.length > 0 &&
  table({
    caption: 'The largest groups',
    columns: [{ title: 'Images' }, { title: 'Files', numeric: true }],
    rows: most.map((ids) => [
      html`<code>${name(ids.slice(0, 8).join(' '))}</code>${ids.length > 8 && ' …'}`,
      { show: count(ids.length), by: ids.length },
    ]),
  })
}`,
  };
}
