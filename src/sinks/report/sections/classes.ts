import type { ClassMetrics } from '../../../results.js';
import type { TaskReport } from '../data.js';
import { count, NOTHING, percent, plural } from '../format.js';
import { type Content, type Html, html, name } from '../html.js';
import { confusedPairs } from '../pairs.js';
import type { Section } from '../section.js';
import { shareBar, table } from '../table.js';

/** Precision, recall and F1 of each class, the weakest first. */
export function classesSection(task: TaskReport, id: string): Section {
  const { perClass, classes, confusion, side } = task.evaluation;
  const takenFor = new Map<string, Html>();
  for (const { from, to, photos } of confusedPairs(confusion)) {
    const label = classes[from] ?? '';
    if (!takenFor.has(label)) takenFor.set(label, html`${name(classes[to] ?? '')} (${count(photos)})`);
  }
  const weakest = perClass
    .map(scored)
    .sort((a, b) => finite(a.f1) - finite(b.f1) || (a.label < b.label ? -1 : 1));
  return {
    id,
    title: 'Class by class',
    body: html`<p>${plural(perClass.length, 'class', 'classes')} on the ${side} side, the weakest first.</p>
${table({
  caption: 'Precision, recall and F1 of each class',
  columns: [
    { title: 'Class' },
    { title: 'Photos', numeric: true },
    { title: 'Precision', numeric: true },
    { title: 'Recall', numeric: true },
    { title: 'F1', numeric: true },
    { title: 'Most often taken for' },
  ],
  rows: weakest.map(({ label, support, precision, recall, f1 }) => [
    name(label),
    { show: count(support), by: support },
    shareCell(precision),
    shareCell(recall),
    { show: shareBar(f1, percent(f1)), by: finite(f1) },
    takenFor.get(label) ?? NOTHING,
  ]),
  sortable: true,
})}`,
  };
}

function shareCell(share: number): { show: Content; by: number } {
  return { show: percent(share), by: finite(share) };
}

/** Metrics count a share of nothing as 0; a class without a photo here was not tried and has no score. */
function scored(one: ClassMetrics): ClassMetrics {
  return one.support > 0 ? one : { ...one, precision: Number.NaN, recall: Number.NaN, f1: Number.NaN };
}

/** What has no score sorts before all else. */
function finite(share: number): number {
  return Number.isFinite(share) ? share : -1;
}
