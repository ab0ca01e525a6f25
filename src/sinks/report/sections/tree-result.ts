import type { DecisionResult, TreeResult } from '../../../results.js';
import { bars } from '../bars.js';
import type { ReportMistake } from '../data.js';
import { decimal, percent } from '../format.js';
import { html } from '../html.js';
import type { Thumbnails } from '../photos.js';
import type { Section } from '../section.js';
import { table } from '../table.js';
import { mistakeCards } from './mistakes.js';

/** The gravest mistakes that are shown with their photos. */
export const GRAVEST = 12;

/** How far a task's mistakes are from the truth in its category tree: the farther, the graver. */
export function treeResultSection(
  result: TreeResult,
  id: string,
  mistakes: readonly ReportMistake[],
  made: Thumbnails,
): Section {
  const { levels, branchAccuracy, leastDistance, mistakesByDistance } = result;
  const row = (title: string, { accuracy, levelAccuracy, distance, mistakeDistance }: DecisionResult) => [
    title,
    percent(levelAccuracy.coarse),
    percent(levelAccuracy.middle),
    percent(accuracy),
    decimal(distance, 3),
    decimal(mistakeDistance, 2),
  ];
  const branches =
    branchAccuracy === undefined
      ? []
      : [
          [
            'The branches themselves',
            percent(branchAccuracy.coarse),
            percent(branchAccuracy.middle),
            '',
            '',
            '',
          ],
        ];
  const gravest = gravestMistakes(mistakes);
  return {
    id,
    title: 'Mistakes in the category tree',
    body: html`<p>The distance of two classes is the number of edges up to their lowest common ancestor: 0 for the same class, 1 within a group, at most ${String(levels)}.</p>
${bars({
  id: `${id}-distances`,
  alt: `Bars: mistakes by their distance in the tree, ${mistakesByDistance.map((photos, index) => `${photos} at ${index + 1}`).join(', ')}.`,
  rows: mistakesByDistance.map((photos, index) => [distanceName(index + 1, levels), photos]),
  colour: 'red',
  note: 'Mistakes by their distance: the larger, the graver.',
})}
${table({
  caption: 'Accuracy a level, and mean distance to the true class',
  columns: [
    { title: 'Decided by' },
    { title: 'Coarse', numeric: true },
    { title: 'Middle', numeric: true },
    { title: 'Classes', numeric: true },
    { title: 'Distance', numeric: true },
    { title: 'Of mistakes', numeric: true },
  ],
  rows: [
    row('The most probable class', result),
    row('The class of least expected distance', leastDistance),
    ...branches,
  ],
})}
${
  gravest.length > 0 &&
  html`<h4>The gravest mistakes, the most confident first</h4>
${mistakeCards(gravest, made)}`
}`,
  };
}

/** The mistakes farthest from the truth; of equally grave ones the most confident first. */
export function gravestMistakes(mistakes: readonly ReportMistake[]): ReportMistake[] {
  return mistakes
    .filter(({ distance = 0 }) => distance > 1)
    .sort((a, b) => b.distance! - a.distance! || b.probability - a.probability || (a.path < b.path ? -1 : 1))
    .slice(0, GRAVEST);
}

function distanceName(distance: number, levels: number): string {
  if (distance === 1) return '1: within a group';
  return distance === levels ? `${distance}: nothing in common` : `${distance}: a group above`;
}
