import { SIDES } from '../../../records.js';
import type { Summary, TaskSummary } from '../../../summary.js';
import type { Provenance, ReportData, TaskReport } from '../data.js';
import { bytes, count, decimal, duration, percent, percentRange, plural } from '../format.js';
import { type Html, html, name } from '../html.js';
import { nextSteps, strongestClass, weakestClass } from '../next-steps.js';
import type { Section } from '../section.js';
import { facts } from '../table.js';

const SPLIT_BY: Readonly<Record<TaskSummary['splitBy'], string>> = {
  component: 'by component: photos of one product or one shot stay on one side',
  image: 'by photo: variants of one product may stand on both sides, which flatters the accuracy',
  given: 'as the samples file gives it',
};

/** The answer first: how good the models are, how far that can be trusted, and what to do next; then what the run was. */
export function summarySection({ summary, tasks, provenance }: ReportData): Section {
  const { recipe, source, seconds, peakMemoryBytes, backend } = summary;
  return {
    id: 'summary',
    title: 'Summary',
    body: html`${tasks.map((task, index) => {
      const result = Object.hasOwn(summary.tasks, task.name) ? summary.tasks[task.name] : undefined;
      return (
        result !== undefined &&
        scorecard(task, `task-${index + 1}`, result, contextOf(summary, task, provenance))
      );
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

interface Context {
  /** What photos were compared by, in the report's words, and what they were not. */
  compared: string[];
  notCompared: string[];
  augmented: boolean;
  pretrained: boolean;
}

function contextOf({ weights }: Summary, { train }: TaskReport, { recipe }: Provenance): Context {
  const { same, family } = recipe.deduplicate;
  const looked = recipe.source.photos !== 'none';
  const grounds = [
    ['item', true],
    ['same picture', looked && same.length > 0],
    ['family', family.length > 0],
  ] as const;
  const named = (wanted: boolean) => grounds.filter(([, done]) => done === wanted).map(([ground]) => ground);
  return {
    compared: named(true),
    notCompared: named(false),
    augmented: recipe.augmentation !== undefined,
    // Unknown in summaries of older versions.
    pretrained: weights?.[train.model.network] !== null,
  };
}

function scorecard(task: TaskReport, id: string, result: TaskSummary, context: Context): Html {
  const { accuracyInterval, splits, splitBy, evaluatedOn, classes, samples } = result;
  return html`<div class="score">
<h3><a href="#${id}">${name(task.name)}</a></h3>
<p class="hero"><strong>${percent(result.accuracy)}</strong> accuracy on the ${evaluatedOn} side
<span class="interval" aria-hidden="true" style="--low:${share(accuracyInterval[0])}%;--high:${share(accuracyInterval[1])}%;--at:${share(result.accuracy)}%"></span>
<small>95 % interval ${percentRange(accuracyInterval)}, by bootstrap over components</small></p>
${trust(result, context)}
<ul class="metrics">
<li><b>${percent(result.macroF1)}</b> macro-F1</li>
<li><b>${percent(result.top5)}</b> top-5 accuracy</li>
<li><b>${decimal(result.loss, 3)}</b> loss, in nats</li>
<li><b>${percent(result.naturalAccuracy)}</b> accuracy at the classes’ natural shares</li>
<li><b>${count(classes)}</b> ${classes === 1 ? 'class' : 'classes'}</li>
${extremes(task)}
<li><b>${duration(result.trainSeconds)}</b> to train</li>
</ul>
${next(task, result, context)}
<p>${plural(classes, 'class', 'classes')}, ${plural(samples, 'sample')}: ${count(splits.train)} to train on, ${count(splits.validation)} to validate, ${count(splits.test)} to test. Split ${SPLIT_BY[splitBy]}. ${proportions(result)}</p>
</div>
`;
}

/** The best and the worst class. */
function extremes({ evaluation: { perClass } }: TaskReport): Html | false {
  const [best, worst] = [strongestClass(perClass), weakestClass(perClass)];
  return (
    best !== undefined &&
    worst !== undefined &&
    html`<li><b>${percent(best.f1)}</b> F1 of the best class, ${name(best.label)}</li>
<li><b>${percent(worst.f1)}</b> F1 of the worst class, ${name(worst.label)}</li>
`
  );
}

function next(task: TaskReport, result: TaskSummary, context: Context): Html {
  const steps = nextSteps(task, result, context);
  return html`<div class="next"><h4>What to do next</h4>
${
  steps.length === 0
    ? html`<p>Nothing stands out in these figures.</p>`
    : html`<ol>${steps.map(
        ({ todo, because }) => html`<li>${todo} <span class="note">${because}</span></li>
`,
      )}</ol>`
}</div>`;
}

/** Whether the accuracy can be taken at its word. */
function trust(result: TaskSummary, { compared, notCompared }: Context): Html | string {
  const { twins, splitBy } = result;
  if (SIDES.some((side) => twins[side] > 0)) return twinsText(result);
  if (splitBy === 'given')
    return html`<p class="clean"><strong>Leak-free.</strong> No photo has a twin on another side, as the samples file groups them.</p>`;
  if (notCompared.length === 0)
    return html`<p class="clean"><strong>Leak-free.</strong> No photo has a twin on another side, by ${list(compared)}.</p>`;
  return html`<p class="clean"><strong>Leak-free by ${list(compared)}.</strong> No photo has such a twin on another side; by ${list(notCompared)} the recipe did not look for any.</p>`;
}

/** `item, same picture and family`. */
function list(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** What was asked and what came of it. */
function proportions({ shares, sharesAsked }: TaskSummary): string {
  const list = (of: TaskSummary['shares']) =>
    `${SIDES.map((side) => decimal(of[side] * 100, 1)).join(' / ')}\u00a0%`;
  const asked = sharesAsked === undefined ? '' : ` of the ${list(sharesAsked)} that were asked for`;
  return `That is ${list(shares)}${asked}.`;
}

/** How far the accuracy can be trusted where photos of one component stand on several sides. */
function twinsText({ twins, evaluatedOn, splits, accuracy, withoutTwins }: TaskSummary): Html {
  const torn = SIDES.reduce((sum, side) => sum + twins[side], 0);
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
