import type { Variable } from '@tensorflow/tfjs';
import { throwIfAborted } from '../../errors.js';
import type { PhaseRecipe } from '../../recipe.js';
import { batchLoss } from '../batch-loss.js';
import { buildClassifier, frozenLayers } from '../classifier.js';
import { type Cut, cutModel } from '../cut.js';
import { trainStep } from '../epoch.js';
import type { Feed } from '../feed.js';
import { belowHeads, headKernels } from '../heads.js';
import { branchHeads, upperLevels } from '../levels.js';
import { type Objective, objectivesAt, objectivesOfPhase } from '../objectives.js';
import { createOptimizer } from '../optimizers.js';
import { phaseName } from '../phases.js';
import { negativeLogLikelihood } from '../temperature.js';
import type { FitOptions } from '../training.js';
import { restore, snapshot } from '../weights/values.js';
import type { Check } from './check.js';
import { checkHeadRates, checkRange, RATES, rateRange } from './learning-rate.js';
import { beginPart, type Part } from './part.js';
import { drawnSamples, type Held, heldAt, photosOf, release } from './photos.js';
import { checkPreprocessing } from './preprocessing.js';
import { checkUnfrozen } from './unfrozen.js';

/** Photos that the first loss is measured on, that are learnt by heart, and of a batch of the others. */
const FIRST = 32;
const LEARNT = 16;
const BATCH = 8;
const BATCHES = 3;
/** Steps to learn a batch by heart, and the most of the first loss that may be left then. */
const HEAD_STEPS = 200;
const WHOLE_STEPS = 60;
const LEFT = 0.5;
/** The first loss of a head that knows nothing is within these shares of ln(classes). */
const FIRST_RANGE = [0.5, 2] as const;

/** What takes steps: a cut with photos at it, in a phase's way. */
interface Stepping {
  cut: Cut;
  held: readonly Held[];
  phase: PhaseRecipe;
  part: Part;
}

type Options = Omit<FitOptions, 'folder' | 'checkpoint' | 'historyFolder'>;

/**
 * Looks at a task's training before hours are spent on it: a few batches of its train side go through the classifier as
 * it would begin. Nothing is written, and the validation and test sides are not looked at. Each part tells how far it is.
 * @param options.cache pixels
 * @throws {PipelineError} as `fitTask`.
 */
export async function checkTask(options: Options): Promise<Check[]> {
  const { tf, network, model: recipe, seed, samples, cache, input, pretrained, faithful, signal } = options;
  const begin = (part: string, total: number) =>
    beginPart(options.events, `check ${options.task}, ${part}`, total);
  const firstBatch = begin('first batch', 3);
  const classes = [...new Set(samples.map(({ label }) => label))].sort();
  const levels = upperLevels(samples, classes);
  const { kernel, ...head } = recipe.head;
  const classifier = buildClassifier(tf, {
    network,
    height: input.height,
    width: input.width,
    classes: classes.length,
    // Dropout would hide whether a batch can be learnt; a kernel head is not trained by steps.
    head: { ...head, dropout: 0 },
    branches: branchHeads(levels, recipe.branches),
    seed,
    ...(pretrained && { pretrained }),
  });
  const most = Math.max(FIRST, LEARNT, BATCH * BATCHES);
  const some = drawnSamples({ ...options, classes, most });
  const { l2 } = head;
  const stepping = {
    tf,
    labelSmoothing: 0,
    ...(l2 !== undefined && { l2: { factor: l2, kernels: headKernels(classifier) } }),
  };
  const holdAt = (cut: Cut, from: number, count: number) =>
    heldAt({
      tf,
      cut,
      cache,
      samples: Array.from({ length: count }, (_, at) => some[(from + at) % some.length]!),
      normalise: network.preprocessing,
      signal,
    });
  const cuts: Cut[] = [];
  const cutAt = (...where: [frozen: ReadonlySet<string>, batchNorm?: PhaseRecipe['batchNorm']]) => {
    const cut = cutModel(tf, classifier, ...where);
    cuts.push(cut);
    return cut;
  };
  try {
    const fresh = await snapshot(classifier);
    const checks: Check[] = [
      ...checkUnfrozen(network, recipe, faithful),
      await checkPreprocessing({
        tf,
        model: classifier,
        network,
        pretrained: pretrained !== undefined,
        photos: async (mode) => (await photosOf(tf, cache, some.slice(0, BATCH), mode, signal)).pixels,
      }),
    ];
    firstBatch();
    const heads = cutAt(belowHeads(classifier));
    const held = await holdAt(heads, 0, Math.min(FIRST, some.length));
    firstBatch();
    checks.push(await checkFirstLoss(heads, held));
    firstBatch();
    if (kernel !== undefined) {
      checks.push({ check: 'overfit', state: 'skipped', text: 'a kernel head is solved, not trained' });
      return checks;
    }
    const [first] = recipe.phases as [PhaseRecipe];
    // A random base is learnt with its head where the recipe does so.
    const whole = pretrained === undefined && first.train !== 'head';
    const learning = whole
      ? cutAt(frozenLayers(classifier, network, first, faithful), first.batchNorm)
      : heads;
    const photos = whole ? BATCH : Math.min(LEARNT, some.length);
    checks.push(await checkOverfit(learning, await holdAt(learning, 0, photos), first, whole));
    restore(tf, classifier, fresh);
    checks.push(
      ...checkHeadRates(network, recipe, {
        pretrained: pretrained !== undefined,
        ...(faithful && { faithful }),
      }),
    );
    for (const [index, phase] of recipe.phases.entries()) {
      const cut = cutAt(frozenLayers(classifier, network, phase, faithful), phase.batchNorm);
      const held: Held[] = [];
      const part = begin(`phase ${index + 1} of ${recipe.phases.length}`, BATCHES + 1 + RATES.length);
      try {
        for (let at = 0; at < BATCHES; at++) {
          held.push(await holdAt(cut, at * BATCH, BATCH));
          part();
        }
        checks.push(await checkGradients(cut, held[0]!, phase, index));
        part();
        checks.push(checkRange(phase, index, await testRange({ cut, held, phase, index, part })));
        // A test that ends early is over all the same.
        part(BATCHES + 1 + RATES.length);
      } finally {
        for (const one of held) release(tf, one);
        restore(tf, classifier, fresh);
      }
    }
    return checks;
  } finally {
    for (const cut of cuts) cut.dispose();
    classifier.dispose();
  }

  async function checkFirstLoss(cut: Cut, held: Held): Promise<Check> {
    const loss = await classLoss(cut, held);
    release(tf, held);
    const expected = Math.log(classes.length);
    const [least, most] = FIRST_RANGE.map((share) => share * expected) as [number, number];
    const fits = loss >= least && loss <= most;
    const text = `${loss.toFixed(3)} nats, where ln ${classes.length} is ${expected.toFixed(3)}${
      fits
        ? ''
        : `: expected ${least.toFixed(2)} to ${most.toFixed(2)}. The features are too large for this head`
    }`;
    const figures = { loss, expected };
    return { check: 'first-loss', state: fits ? 'ok' : 'flag', text, figures };
  }

  /** Of the classes alone, without penalties. */
  async function classLoss(
    cut: Cut,
    { batch: { labels }, outputs }: Held,
    training?: { dropoutSeed: number },
  ): Promise<number> {
    const logits = tf.tidy(() => cut.above(outputs, training).at(-1)!);
    const values = await logits.data().finally(() => logits.dispose());
    return negativeLogLikelihood({ classes: classes.length, labels, logits: values });
  }

  async function checkOverfit(cut: Cut, held: Held, phase: PhaseRecipe, whole: boolean): Promise<Check> {
    const count = whole ? WHOLE_STEPS : HEAD_STEPS;
    // As in training: after so few steps the running averages of batch norms are still those of random weights.
    const training = { dropoutSeed: 0 };
    const first = await classLoss(cut, held, training);
    // Each output alike: whether a photo can be told apart is no question of the schedule.
    const objectives = objectivesAt(recipe, levels, 1).map((objective) => ({ ...objective, weight: 1 }));
    const part = begin('by heart', count);
    const rates = Array(count).fill(phase.learningRate);
    const losses = await steps({ cut, held: [held], phase, rates, objectives, part });
    part(count);
    const last = await classLoss(cut, held, training);
    release(tf, held);
    const learnt = losses.length === count && last < LEFT * first;
    const text = `the ${whole ? 'network’s' : 'head’s'} loss on ${held.batch.labels.length} photos went from ${first.toFixed(3)} to ${last.toFixed(3)} in ${losses.length} steps at ${phase.learningRate}${
      learnt ? '' : ': features that tell photos apart, and a rate that fits, let it fall to nothing'
    }`;
    return { check: 'overfit', state: learnt ? 'ok' : 'flag', text, figures: { first, last } };
  }

  async function checkGradients(
    cut: Cut,
    { batch, outputs }: Held,
    phase: PhaseRecipe,
    index: number,
  ): Promise<Check> {
    const largest = tf.tidy(() => {
      const objectives = objectivesOfPhase(recipe, levels, index);
      const lossOf = batchLoss({ ...stepping, objectives }, batch);
      const { grads } = tf.variableGrads(
        () => lossOf(cut.above(outputs, { dropoutSeed: 1 })),
        cut.variables as Variable[],
      );
      return cut.variables.map(({ name }) => grads[name]!.abs().max());
    });
    const values = await Promise.all(largest.map((one) => one.data()));
    tf.dispose(largest);
    const byLayer = new Map<string, number>();
    let at = 0;
    for (const layer of cut.layers) {
      for (const weight of layer.trainableWeights) {
        if (cut.variables[at] !== weight.read()) continue;
        const value = values[at]![0]!;
        byLayer.set(
          layer.name,
          Math.max(byLayer.get(layer.name) ?? 0, Number.isNaN(value) ? Number.POSITIVE_INFINITY : value),
        );
        at += 1;
      }
    }
    const dead = [...byLayer].filter(([, value]) => value === 0 || !Number.isFinite(value));
    const where = {
      check: 'gradients' as const,
      phase: index + 1,
      figures: { layers: byLayer.size, dead: dead.length },
    };
    if (dead.length === 0)
      return { ...where, state: 'ok', text: `"${phaseName(phase)}": all ${byLayer.size} layers` };
    const names = dead.map(([name, value]) => `${name} (${value === 0 ? 'none' : 'not finite'})`);
    return { ...where, state: 'flag', text: `"${phaseName(phase)}": no use to ${names.join(', ')}` };
  }

  async function testRange({ index, ...at }: Stepping & { index: number }) {
    const objectives = objectivesOfPhase(recipe, levels, index);
    return rateRange(RATES, await steps({ ...at, rates: RATES, objectives }));
  }

  /** Losses of steps with these rates, over the batches in turn, up to the first that is no number. */
  async function steps(
    at: Stepping & { rates: readonly number[]; objectives: readonly Objective[] },
  ): Promise<number[]> {
    const { cut, held, phase, part, rates, objectives } = at;
    const optimizer = createOptimizer(tf, phase, cut.variables);
    const losses: number[] = [];
    try {
      for (const [step, rate] of rates.entries()) {
        throwIfAborted(signal);
        const { batch, outputs } = held[step % held.length]!;
        const feed: Pick<Feed, 'outputs'> = { outputs: () => outputs };
        const options = { ...stepping, objectives, cut, feed, optimizer, learningRate: () => rate };
        const { loss } = await trainStep(options, batch, step);
        if (!Number.isFinite(loss)) break;
        losses.push(loss);
        part();
      }
    } finally {
      optimizer.dispose();
    }
    return losses;
  }
}
