import { SIDES } from '../../../records.js';
import type { Summary, TaskSummary } from '../../../summary.js';
import type { TaskReport } from '../data.js';
import { bytes, count, decimal, duration, percent, percentRange, plural } from '../format.js';
import { type Html, html, name } from '../html.js';
import type { Section } from '../section.js';
import { facts } from '../table.js';

const SPLIT_BY: Readonly<Record<TaskSummary['splitBy'], string>> = {
  component: 'by component: photos of one product or one shot stay on one side',
  image: 'by photo: variants of one product may stand on both sides, which flatters the accuracy',
  given: 'as the samples file gives it',
};

/** What the run was and how good its models are. */
export function summarySection(summary: Summary, tasks: readonly TaskReport[]): Section {
  const { recipe, source, seconds, peakMemoryBytes, backend } = summary;
  return {
    id: 'summary',
    title: 'Summary',
    body: html`${tasks.map((task, index) => {
      const result = Object.hasOwn(summary.tasks, task.name) ? summary.tasks[task.name] : undefined;
      return result !== undefined && scorecard(task.name, `task-${index + 1}`, result);
    })}
${facts([
  ['Recipe', html`${name(recipe.name)} <code>${recipe.hash.slice(0, 12)}</code>`],
  ['Source', html`<code>${name(source)}</code>`],
  ['Backend', `${backend.name}, ${backend.device}`],
  ['Time', duration(seconds)],
  ['Peak memory', bytes(peakMemoryBytes)],
])}`,
  };
}

function scorecard(task: string, id: string, result: TaskSummary): Html {
  const { accuracyInterval, splits, splitBy, evaluatedOn, classes, samples } = result;
  return html`<div class="score">
<h3><a href="#${id}">${name(task)}</a></h3>
<p class="hero"><strong>${percent(result.accuracy)}</strong> accuracy on the ${evaluatedOn} side
<span class="interval" aria-hidden="true" style="--low:${share(accuracyInterval[0])}%;--high:${share(accuracyInterval[1])}%;--at:${share(result.accuracy)}%"></span>
<small>95 % interval ${percentRange(accuracyInterval)}, by bootstrap over components</small></p>
<ul class="metrics">
<li><b>${percent(result.macroF1)}</b> macro-F1</li>
<li><b>${percent(result.top5)}</b> top-5 accuracy</li>
<li><b>${decimal(result.loss, 3)}</b> loss, in nats</li>
<li><b>${percent(result.naturalAccuracy)}</b> accuracy at the classes’ natural shares</li>
</ul>
<p>${plural(classes, 'class', 'classes')}, ${plural(samples, 'sample')}: ${count(splits.train)} to train on, ${count(splits.validation)} to validate, ${count(splits.test)} to test. Split ${SPLIT_BY[splitBy]}. ${proportions(result)}</p>
${twinsText(result)}</div>
`;
}

/** What was asked and what came of it. */
function proportions({ shares, sharesAsked }: TaskSummary): string {
  const list = (of: TaskSummary['shares']) =>
    `${SIDES.map((side) => decimal(of[side] * 100, 1)).join(' / ')}\u00a0%`;
  const asked = sharesAsked === undefined ? '' : ` of the ${list(sharesAsked)} that were asked for`;
  return `That is ${list(shares)}${asked}.`;
}

/** How far the accuracy can be trusted where photos of one component stand on several sides. */
function twinsText({ twins, evaluatedOn, splits, accuracy, withoutTwins }: TaskSummary): Html | string {
  const torn = SIDES.reduce((sum, side) => sum + twins[side], 0);
  if (torn === 0) return '';
  const left = withoutTwins?.samples ?? 0;
  return html`<p class="twins"><strong>This split leaks.</strong> ${plural(torn, 'photo has', 'photos have')} a twin on another side: the same item, shot or family. So do ${count(twins[evaluatedOn])} of the ${count(splits[evaluatedOn])} photos of the ${evaluatedOn} side. ${
    withoutTwins === undefined || left === 0
      ? 'None is left to say what the accuracy is worth without them.'
      : html`On the ${count(left)} without one the accuracy is <strong>${percent(withoutTwins.accuracy)}</strong> (95 % interval ${percentRange(withoutTwins.accuracyInterval)}), macro-F1 ${percent(withoutTwins.macroF1)}, where all together give ${percent(accuracy)}.`
  }</p>
`;
}

function share(value: number): string {
  return Number.isFinite(value) ? (value * 100).toFixed(2) : '0';
}
