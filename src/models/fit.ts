import type { TrainResult } from '../results.js';
import { readCheckpoint, type TrainingState } from './checkpoint.js';
import { classWeights } from './class-weights.js';
import { buildClassifier, countParameters, frozenLayers } from './classifier.js';
import { writeHistories } from './histories.js';
import { openInputs } from './inputs.js';
import { fitKernelHead } from './kernel/fit.js';
import { kernelRows } from './kernel/recipe.js';
import { branchHeads, branchLevels, upperLevels } from './levels.js';
import { saveModel } from './model-folder.js';
import { guessLoss } from './stagnation.js';
import { fitTemperature } from './temperature.js';
import { trainPhase } from './train-phase.js';
import { type FitOptions, secondsOf, type Training } from './training.js';
import { trunkHead } from './trunk.js';
import { restore } from './weights/values.js';

export type { FitOptions } from './training.js';

/**
 * Trains one task's classifier phase by phase on its train side, or that of tasks that share a trunk. Where there is a
 * validation side it chooses: the weights of the epoch with the lowest validation loss (of a trunk the mean of its tasks')
 * are kept, over all phases, and temperatures are fitted; without one the last weights are kept and the temperature is 1.
 * The test side is not looked at.
 * @throws {PipelineError} `RECIPE_INVALID`, `WEIGHTS_MISMATCH`, `NOT_FOUND`, `TRAINING_DIVERGED`, `ABORTED`.
 */
export async function fitTask(options: FitOptions): Promise<TrainResult> {
  const { tf, task, network, model: recipe, seed, samples, input, pretrained, folder } = options;
  const classes = [...new Set(samples.map(({ label }) => label))].sort();
  const levels = upperLevels(samples, classes);
  const branches = branchHeads(levels, recipe.branches);
  const heads = options.trunk?.map((one) => trunkHead(one, classes));
  const { height, width } = input;
  const model = buildClassifier(tf, {
    network,
    height,
    width,
    classes: classes.length,
    head: recipe.head,
    ...(heads && {
      heads: heads.map(({ task: name, classes: own, head }) => ({
        prefix: heads.length === 1 ? '' : `${name}_`,
        classes: own.length,
        head,
      })),
    }),
    branches,
    seed,
    ...(pretrained && { pretrained }),
    ...(recipe.head.kernel && { centres: kernelRows(recipe, samples, options.views?.length ?? 0) }),
  });
  const inputs = openInputs(options, options, classes);
  const headInputs = options.headFeatures && openInputs(options, options.headFeatures, classes);
  try {
    const training: Training = {
      ...options,
      classifier: model,
      inputs,
      ...(headInputs && { headInputs }),
      making: making(options, classes),
      levels,
      ...(heads && { heads }),
      guess: guessOf(options.trunk ?? [options]),
      history: [],
      backends: new Set([options.backend]),
      started: performance.now(),
      waited: 0,
      basePasses: 0,
    };
    const saved = options.checkpoint && (await readCheckpoint(options.checkpoint));
    if (saved !== undefined) takeUp(training, saved);
    // Anew: what was added after the checkpoint, or half of it, is computed again.
    await writeHistories(training);
    for (const [index, phase] of recipe.phases.entries()) {
      if (saved !== undefined && index < saved.phase) continue;
      if (recipe.head.kernel !== undefined) {
        await fitKernelHead(training, phase);
        continue;
      }
      await trainPhase(training, phase, index, index === saved?.phase ? saved : undefined);
    }
    const { best, history } = training;
    if (best !== undefined) restore(tf, model, best.weights);
    const temperatureOf = (output: number) => (best === undefined ? 1 : fitTemperature(best.logits[output]!));
    const ofHeads = heads?.map(({ task: name, classes: own, head, levels: above }, output) => ({
      task: name,
      classes: own,
      head,
      temperature: temperatureOf(output),
      ...(above.length > 0 && { levels: above }),
    }));
    const first = ofHeads?.[0] ?? { classes, temperature: temperatureOf(0) };
    const seconds = secondsOf(training);
    await saveModel(folder, model, {
      schemaVersion: 1,
      task,
      classes: first.classes,
      network: network.name,
      alpha: pretrained?.alpha ?? 1,
      pretrained: pretrained?.digest ?? null,
      input: { ...input, preprocessing: network.preprocessing },
      temperature: first.temperature,
      ...(recipe.mirror && { mirror: true as const }),
      ...(levels.length > 0 && { levels }),
      ...(branches.length > 0 && { branches: branchLevels(recipe.branches) }),
      ...(ofHeads && { heads: ofHeads.map(({ head: _, ...one }) => one) }),
    });
    const last = recipe.phases.at(-1)!;
    return {
      classes: first.classes,
      model: recipe,
      parameters: countParameters(model, last, frozenLayers(model, network, last, options.faithful)),
      history,
      keptEpoch: best?.epoch ?? history.length,
      temperature: first.temperature,
      backends: [...training.backends],
      seconds,
      waitShare: Math.min(1, training.waited / 1000 / seconds),
      basePasses: training.basePasses,
      ...(ofHeads && { heads: ofHeads.map(({ levels: _, ...one }) => one) }),
    };
  } finally {
    await inputs.feed.close();
    await headInputs?.feed.close();
    model.dispose();
  }
}

/** What a guess loses by the classes' shares of the train side; the mean over tasks. */
function guessOf(tasks: readonly Pick<FitOptions, 'samples'>[]): number {
  const losses = tasks.map(({ samples }) => {
    const counts = new Map<string, number>();
    for (const { split, label } of samples)
      if (split === 'train') counts.set(label, (counts.get(label) ?? 0) + 1);
    return guessLoss([...counts.values()]);
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** How the recipe makes up for rare classes. */
function making({ training = {}, samples }: FitOptions, classes: readonly string[]): Training['making'] {
  const { sampling, classWeights: rule } = training;
  const train = samples.filter(({ split }) => split === 'train').map(({ label }) => classes.indexOf(label));
  return {
    ...(sampling === 'class' && { balance: 'class' }),
    ...(rule && { classWeights: classWeights(rule, train, classes.length) }),
  };
}

/** Goes on from a training that was stopped. */
function takeUp(training: Training, saved: TrainingState): void {
  const { tf, classifier, task, backend, events } = training;
  restore(tf, classifier, saved.weights);
  training.history.push(...saved.history);
  training.backends = new Set([...saved.backends, backend]);
  training.started -= saved.seconds * 1000;
  training.waited = saved.waited;
  training.basePasses = saved.basePasses;
  if (saved.best !== undefined) training.best = saved.best;
  if (saved.backends.at(-1) === backend) return;
  events.emit({
    type: 'message',
    level: 'warning',
    text: `The training of ${task} goes on from epoch ${saved.history.length} on ${backend}; ${saved.backends.join(' and ')} computed it until then, so that no single backend gives this result`,
  });
}
