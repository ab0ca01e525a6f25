import { expect, it } from 'vitest';
import type { TaskReport } from '#src/sinks/report/data.js';
import { markupOf } from '#src/sinks/report/html.js';
import { nextSteps } from '#src/sinks/report/next-steps.js';
import type { TaskSummary } from '#src/summary.js';
import { reportData } from './build.js';
import { textOf } from './markup.js';

const data = reportData({ mistakes: 0 });
const TASK = data.tasks[0]!;
const SUMMARY: TaskSummary = {
  ...data.summary.tasks['product_type']!,
  ece: 0.01,
  accuracyInterval: [0.97, 0.99],
  trainAccuracy: 0.99,
  overfitting: 0.01,
};
const KNOWN = { augmented: true, pretrained: true };
/** Nothing wrong anywhere. */
const CALM: TaskReport = {
  ...TASK,
  train: { ...TASK.train, history: TASK.train.history.map((one) => ({ ...one, trainAccuracy: 0.99 })) },
  classes: TASK.classes.map((one) => ({ ...one, natural: 12 })),
};

const said = (task: TaskReport, summary: TaskSummary, context = KNOWN) =>
  nextSteps(task, summary, context).map(({ todo, because }) =>
    textOf(`${markupOf(todo)} ${markupOf(because)}`),
  );

it('says nothing of figures that say nothing', () => {
  expect(said(CALM, SUMMARY)).toEqual([]);
});

it('says what over-fits, and asks for what is not there yet', () => {
  const gap = { ...SUMMARY, trainAccuracy: 0.983, overfitting: 0.131 };
  const [augment] = said(CALM, gap, { ...KNOWN, augmented: false });
  expect(augment).toMatch(
    /^Augment .*98\.3 % on the train side, 13\.1 points less in validation, and nothing/,
  );
  expect(said(CALM, gap)[0]).toMatch(/^Hold the model back/);
});

it('names the leak, the confused pair, sure mistakes, and the class that has few photos', () => {
  const [first, second] = [CALM.evaluation.classes[0]!, CALM.evaluation.classes[1]!];
  const confusion = CALM.evaluation.confusion.map((row, index) => (index === 0 ? [1, 3, 0, 0, 0, 0] : row));
  const mistakes = Array.from({ length: 5 }, () => ({
    imageId: '1',
    path: '1',
    file: '1',
    label: first,
    predicted: second,
    probability: 0.95,
  }));
  const perClass = CALM.evaluation.perClass.map((one) => (one.label === first ? { ...one, f1: 0.3 } : one));
  const task = { ...CALM, evaluation: { ...CALM.evaluation, confusion, mistakes, perClass } };
  const leaky = { ...SUMMARY, twins: { train: 9, validation: 0, test: 7 } };
  const steps = said(task, leaky);
  expect(steps[0]).toMatch(/split\.by=component.* 7 of the 24 test photos/);
  expect(steps[1]).toMatch(
    new RegExp(`^Look whether ${first} and ${second} .*advise.*3 ${first} photos, 75\\.0 %`),
  );
  expect(steps[2]).toMatch(/wrong labels.*5 mistakes at a confidence of 90 % or more/);
  const few = {
    ...task,
    classes: task.classes.map((one) =>
      one.label === first ? { ...one, sides: { ...one.sides, train: 2 }, natural: 8 } : one,
    ),
  };
  expect(said(few, SUMMARY).join('\n')).toMatch(
    new RegExp(
      `Find more photos of ${first}.*F1 30\\.0 %, is trained on 2 photos; half of the classes have 6`,
    ),
  );
  const capped = { ...task, classes: task.classes.map((one) => ({ ...one, natural: 500 })) };
  expect(said(capped, SUMMARY).join('\n')).toMatch(/Raise the cap.*uses 12 of its 500 photos/);
});

it('does not ask for advice where advise has no features to read, but for pretrained weights', () => {
  const steps = said(TASK, SUMMARY, { augmented: true, pretrained: false }).join('\n');
  expect(steps).toContain('Start from pretrained weights');
  expect(steps).not.toContain('pipeline advise');
});
