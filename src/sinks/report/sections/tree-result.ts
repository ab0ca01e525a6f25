import type { DecisionResult, TreeResult } from '../../../results.js';
import { decimal, percent } from '../format.js';
import { html } from '../html.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** How far a task's mistakes are from the truth in its category tree. */
export function treeResultSection(result: TreeResult, id: string): Section {
  const { levels, branchAccuracy, leastDistance } = result;
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
  return {
    id,
    title: 'Mistakes in the category tree',
    body: html`<p>The distance of two classes is the number of edges up to their lowest common ancestor: 0 for the same class, 1 within a group, at most ${String(levels)}.</p>
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
})}`,
  };
}
