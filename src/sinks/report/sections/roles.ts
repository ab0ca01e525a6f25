import { ROLES, type ViewRole } from '../../../records.js';
import type { PartResult } from '../../../results.js';
import { count, percent, percentRange } from '../format.js';
import { html } from '../html.js';
import type { Section } from '../section.js';
import { shareBar, table } from '../table.js';

const NAMES: Readonly<Record<ViewRole, string>> = {
  main: 'a listing’s main photo',
  other: 'another photo only',
};

/** How well main photos and others are told apart, each alone. */
export function rolesSection(byRole: Record<ViewRole, PartResult>, id: string): Section {
  return {
    id,
    title: 'Main photos and others',
    body: html`<p>A photo is a main one where it is the main photo of at least one listing. Others are often details, charts and packaging.</p>
${table({
  caption: 'Accuracy by what listings use a photo as',
  columns: [
    { title: 'Used as' },
    { title: 'Photos', numeric: true },
    { title: 'Accuracy', numeric: true },
    { title: '95 % interval' },
    { title: 'Macro-F1', numeric: true },
  ],
  rows: ROLES.map((role) => {
    const { samples, accuracy, accuracyInterval, macroF1 } = byRole[role];
    return [
      NAMES[role],
      count(samples),
      shareBar(accuracy, percent(accuracy)),
      percentRange(accuracyInterval),
      percent(macroF1),
    ];
  }),
})}`,
  };
}
