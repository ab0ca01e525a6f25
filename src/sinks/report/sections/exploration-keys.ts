import type { DumpExploration } from '../../../explore/exploration.js';
import type { KeyProfile } from '../../../explore/key-profile.js';
import { bars } from '../bars.js';
import { count, decimal, percent, plural } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { folded, shareBar, table } from '../table.js';

/** Every key of the listings: how often it is filled, with what, and what it tells of the label. */
export function exploredKeysSection({ keys, listings, task, otherKeys }: DumpExploration): Section {
  const emptiest = [...keys].sort((a, b) => b.missing - a.missing || (a.name < b.name ? -1 : 1));
  const telling = keys
    .filter(({ information }) => information !== undefined)
    .sort((a, b) => b.information!.explained - a.information!.explained || (a.name < b.name ? -1 : 1));
  return {
    id: 'keys',
    title: 'Keys of the listings',
    body: html`<p>${plural(listings, 'listing')}, ${plural(keys.length, 'key')}${otherKeys > 0 && `, and ${count(otherKeys)} that are not shown`}.</p>`,
    parts: [
      {
        id: 'keys-missing',
        title: 'Missing values',
        body: html`${bars({
          id: 'keys-missing',
          alt: 'Bars: the share of listings without each key. The table below has the numbers.',
          rows: emptiest.map((key) => [key.name, (100 * key.missing) / listings]),
          colour: 'amber',
          most: 100,
          note: 'Per cent of the listings without a value, the emptiest key first.',
        })}
${profileTable(emptiest, listings)}`,
      },
      {
        id: 'keys-information',
        title: `What each key tells of ${task}`,
        body: html`<p>Mutual information of each key’s value with the label, over the listings that have both. <em>Explained</em> is the share of the label’s entropy that the value explains beyond chance: as counted, a key with a value a listing would determine every label. <em>Adjusted</em> is the share of what chance leaves: it says little where chance leaves little. Chance is the exact mean over all ways to deal the same values to the same labels (Vinh, Epps and Bailey 2010, JMLR 11, equation 24a). A product that stands in several marketplaces counts for each.</p>
${table({
  caption: `Mutual information with ${task}`,
  columns: [
    { title: 'Key' },
    { title: 'Explained', numeric: true },
    { title: 'Adjusted', numeric: true },
    { title: 'Bits', numeric: true },
    { title: 'By chance', numeric: true },
    { title: 'Label’s entropy', numeric: true },
    { title: 'Listings', numeric: true },
  ],
  rows: telling.map(({ name: key, information }) => {
    const { explained, adjusted, bits, chance, entropy, records } = information!;
    return [
      html`<code>${name(key)}</code>`,
      { show: shareBar(explained, percent(explained)), by: explained },
      { show: percent(adjusted), by: adjusted },
      number(bits, 3),
      number(chance, 3),
      number(entropy, 3),
      number(records),
    ];
  }),
  sortable: true,
})}`,
      },
      {
        id: 'keys-values',
        title: 'Frequent values',
        body: html`<div class="folds">${keys
          .filter(({ top }) => top.length > 0)
          .map(({ name: key, top }) =>
            folded(
              key,
              table({
                caption: `The most frequent values of ${key}`,
                columns: [{ title: 'Value' }, { title: 'Listings', numeric: true }],
                rows: top.map(({ value, listings: times }) => [name(value), number(times)]),
              }),
            ),
          )}</div>`,
      },
    ],
  };
}

function profileTable(keys: readonly KeyProfile[], listings: number) {
  return table({
    caption: 'Keys of the listings, the emptiest first',
    columns: [
      { title: 'Key' },
      { title: 'Filled', numeric: true },
      { title: 'Share missing', numeric: true },
      { title: 'Values', numeric: true },
      { title: 'Different', numeric: true },
      { title: 'Languages', numeric: true },
      { title: 'In several', numeric: true },
      { title: 'Standardized', numeric: true },
    ],
    rows: keys.map(
      ({ name: key, present, missing, values, distinct, languages, multilingual, standardized }) => {
        const share = missing / listings;
        return [
          html`<code>${name(key)}</code>`,
          number(present),
          { show: shareBar(share, percent(share)), by: share },
          number(values),
          { show: `${distinct.approximate ? '≈ ' : ''}${count(distinct.count)}`, by: distinct.count },
          number(languages.filter(({ language }) => language !== '-').length),
          number(multilingual),
          number(standardized),
        ];
      },
    ),
    sortable: true,
  });
}

function number(value: number, digits = 0) {
  return { show: decimal(value, digits), by: value };
}
