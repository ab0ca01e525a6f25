import type { TaskSummary } from '../../summary.js';
import type { TaskReport } from './data.js';
import { count, decimal, percent, percentRange, plural } from './format.js';
import { type Html, html, name } from './html.js';
import { confusedPairs } from './pairs.js';

/** Something to do and the figures that say so. */
export interface NextStep {
  todo: Html;
  because: Html;
}

/** From these on something is worth a line. */
const GAP = 0.1;
const LOW_TRAIN_ACCURACY = 0.9;
const PAIR_OF_CLASS = 0.15;
const PAIR_PHOTOS = 3;
const SURE = 0.9;
const SURE_MISTAKES = 5;
const ROLE_GAP = 0.08;
const WIDE_INTERVAL = 0.08;
const HIGH_ECE = 0.08;
const WAITING = 0.25;
const SHOWN = 4;

/**
 * What the figures of a run say should be done next, the most telling first; nothing where they say nothing. Each rule looks
 * at this run's own figures, which stand beside it.
 * @param options.augmented whether training photos are changed already.
 */
export function nextSteps(
  task: TaskReport,
  summary: TaskSummary,
  { augmented, pretrained }: { augmented: boolean; pretrained: boolean },
): NextStep[] {
  const found = [
    leak(summary),
    ...mergeOrLook(task, pretrained),
    overfitting(summary, augmented),
    underfitting(task),
    fewPhotos(task),
    ...(pretrained ? [] : [fromScratch(summary)]),
    roles(task),
    waiting(summary),
    confidence(summary),
    wideInterval(summary),
  ];
  return found.filter((step) => step !== undefined).slice(0, SHOWN);
}

function leak({ twins, splits, evaluatedOn }: TaskSummary): NextStep | undefined {
  if (twins[evaluatedOn] === 0) return undefined;
  return {
    todo: html`Split by component: <code>--set split.by=component</code>.`,
    because: html`${count(twins[evaluatedOn])} of the ${count(splits[evaluatedOn])} ${evaluatedOn} photos have a twin on another side, which flatters the accuracy.`,
  };
}

/** Confusions and confident mistakes are what `pipeline advise` looks into, by a pretrained base's features. */
function mergeOrLook({ evaluation, name: task }: TaskReport, pretrained: boolean): NextStep[] {
  const { classes, confusion, mistakes } = evaluation;
  const pairs = confusedPairs(confusion);
  const wrong = pairs.reduce((sum, { photos }) => sum + photos, 0);
  const worst = pairs.find(({ photos, share }) => photos >= PAIR_PHOTOS && share >= PAIR_OF_CLASS);
  const sure = mistakes.filter(({ probability }) => probability >= SURE).length;
  const steps: NextStep[] = [];
  if (worst !== undefined) {
    steps.push({
      todo: html`Look whether ${name(classes[worst.from]!)} and ${name(classes[worst.to]!)} are two classes: ${pretrained ? html`<code>pipeline advise RUN</code> weighs a merge` : 'their photos stand under the confusion matrix'}.`,
      because: html`${count(worst.photos)} ${name(classes[worst.from]!)} photos, ${percent(worst.share)} of the class, were taken for ${name(classes[worst.to]!)}: ${percent(worst.photos / wrong, 0)} of all mistakes.`,
    });
  }
  if (sure >= SURE_MISTAKES) {
    steps.push({
      todo: html`Look for wrong labels of ${name(task)}: ${pretrained ? html`<code>pipeline advise RUN</code> names likely ones` : 'the most confident mistakes are shown below'}.`,
      because: html`${plural(sure, 'mistake')} at a confidence of ${percent(SURE, 0)} or more.`,
    });
  }
  return steps;
}

function overfitting(
  { overfitting: gap, trainAccuracy }: TaskSummary,
  augmented: boolean,
): NextStep | undefined {
  if (gap === undefined || gap < GAP) return undefined;
  return {
    todo: augmented
      ? html`Hold the model back: more dropout (<code>model.head.dropout</code>), or fewer layers trained.`
      : html`Augment the training photos (<code>augmentation</code> in the recipe; <code>pipeline preview</code> draws it).`,
    because: html`Over-fitting: ${percent(trainAccuracy)} on the train side, ${decimal(100 * gap, 1)} points less in validation${!augmented && ', and nothing is augmented'}.`,
  };
}

function underfitting({ train }: TaskReport): NextStep | undefined {
  const { history, keptEpoch } = train;
  const kept = history[keptEpoch - 1];
  if (kept?.overfitting === undefined || keptEpoch < history.length) return undefined;
  if (history.length < 2 || kept.trainAccuracy >= LOW_TRAIN_ACCURACY || kept.overfitting >= GAP)
    return undefined;
  return {
    todo: html`Train longer (<code>model.phases</code>), or unfreeze more of the network.`,
    because: html`The last epoch was the best by validation loss, and the train side is still at ${percent(kept.trainAccuracy)}.`,
  };
}

/** The weakest class, where it has far fewer photos than others. */
function fewPhotos({ classes, evaluation }: TaskReport): NextStep | undefined {
  const weakest = weakestClass(evaluation.perClass);
  const own = classes.find(({ label }) => label === weakest?.label);
  if (weakest === undefined || own === undefined) return undefined;
  const trained = classes.map(({ sides }) => sides.train).sort((a, b) => a - b);
  const middle = trained[Math.floor(trained.length / 2)]!;
  const { train } = own.sides;
  const kept = own.sides.train + own.sides.validation + own.sides.test;
  const cut = (own.natural ?? 0) > kept;
  if (!cut && train > middle / 2) return undefined;
  return {
    todo: cut
      ? html`Raise the cap (<code>tasks.…cap</code>): ${name(own.label)} has photos that it leaves out.`
      : html`Find more photos of ${name(own.label)}, or weigh its class (<code>training.classWeights</code>).`,
    because: cut
      ? html`The weakest class, F1 ${percent(weakest.f1)}, uses ${count(kept)} of its ${plural(own.natural!, 'photo')}.`
      : html`The weakest class, F1 ${percent(weakest.f1)}, is trained on ${plural(train, 'photo')}; half of the classes have ${count(middle)} or more.`,
  };
}

function fromScratch({ splits, classes }: TaskSummary): NextStep | undefined {
  const each = splits.train / Math.max(1, classes);
  if (each >= 1000) return undefined;
  return {
    todo: html`Start from pretrained weights: <code>recipes/recommended.yaml</code>.`,
    because: html`The network was trained from scratch on ${count(splits.train)} photos, ${count(each)} a class.`,
  };
}

function roles({ evaluation: { byRole } }: TaskReport): NextStep | undefined {
  if (byRole === undefined) return undefined;
  const gap = byRole.main.accuracy - byRole.other.accuracy;
  if (gap < ROLE_GAP) return undefined;
  return {
    todo: html`Decide whether photos that are no listing’s main one belong in: <code>--set views=main</code> leaves them out.`,
    because: html`They are right in ${percent(byRole.other.accuracy)}, main photos in ${percent(byRole.main.accuracy)}.`,
  };
}

function waiting({ trainerWaitShare, trainSeconds }: TaskSummary): NextStep | undefined {
  if (trainerWaitShare < WAITING || trainSeconds < 60) return undefined;
  return {
    todo: html`Feed the trainer faster: put the cache on a faster disk, or give it more memory.`,
    because: html`It waited for data in ${percent(trainerWaitShare, 0)} of the training time.`,
  };
}

function confidence({ ece }: TaskSummary): NextStep | undefined {
  if (ece < HIGH_ECE) return undefined;
  return {
    todo: html`Do not take confidences at their word.`,
    because: html`They are off by ${decimal(100 * ece, 1)} points on average.`,
  };
}

function wideInterval({ accuracyInterval, splits, evaluatedOn }: TaskSummary): NextStep | undefined {
  const [low, high] = accuracyInterval;
  if (high - low < WIDE_INTERVAL) return undefined;
  return {
    todo: html`Compare recipes on the same photos: <code>pipeline compare</code> pairs them.`,
    because: html`${count(splits[evaluatedOn])} ${evaluatedOn} photos leave the accuracy anywhere in ${percentRange(accuracyInterval)}.`,
  };
}

interface Scored {
  label: string;
  support: number;
  f1: number;
}

/** The class of least F1 among those that were tried. */
export function weakestClass<T extends Scored>(perClass: readonly T[]): T | undefined {
  return tried(perClass)[0];
}

/** The class of greatest F1 among those that were tried; of equal ones that with the most photos. */
export function strongestClass<T extends Scored>(perClass: readonly T[]): T | undefined {
  return tried(perClass).at(-1);
}

function tried<T extends Scored>(perClass: readonly T[]): T[] {
  return perClass
    .filter(({ support }) => support > 0)
    .sort((a, b) => a.f1 - b.f1 || a.support - b.support || (a.label < b.label ? -1 : 1));
}
