import { hash32 } from '../random.js';
import type { PhaseRecipe } from '../recipe.js';
import type { EpochRecord } from '../results.js';
import { telling } from '../telling.js';
import { type TrainingState, writeCheckpoint } from './checkpoint.js';
import { frozenLayers } from './classifier.js';
import { type Cut, cutModel } from './cut.js';
import { divergedError, trainEpoch } from './epoch.js';
import { headKernels } from './heads.js';
import { addToHistories } from './histories.js';
import { basePassesOf, type Inputs, inputsOf } from './inputs.js';
import { type Objective, objectivesAt } from './objectives.js';
import { createOptimizer, type Optimizer } from './optimizers.js';
import { type BestOfPhase, isBetter, isOutOfPatience } from './patience.js';
import { phaseName, phaseNote } from './phases.js';
import { afterEpoch, learningRateAt, type ScheduleState, startSchedule, warmupSteps } from './schedule.js';
import { type Scores, scoreEpoch } from './score.js';
import { isStagnant, stagnationError } from './stagnation.js';
import type { LabelledLogits } from './temperature.js';
import { secondsOf, type Training } from './training.js';
import { restore, snapshot } from './weights/values.js';

/**
 * Trains one phase, with an optimiser of its own, epoch by epoch; the state is kept after each.
 * @param index of the phase
 * @param saved the state after an epoch of this phase, to go on from.
 */
export async function trainPhase(
  training: Training,
  phase: PhaseRecipe,
  index: number,
  saved: TrainingState | undefined,
): Promise<void> {
  const { tf, classifier, network, history, events, task } = training;
  const inputs = inputsOf(training, index);
  if (saved === undefined) announce(training, phase, inputs);
  const frozen = frozenLayers(classifier, network, phase, training.faithful);
  const cut = cutModel(tf, classifier, frozen, phase.batchNorm);
  const optimizer = createOptimizer(tf, phase, cut.variables);
  const before = saved?.before ?? history.length;
  const epochs = before + phase.epochs;
  let best: BestOfPhase = saved?.bestOfPhase ?? { epoch: before, loss: Number.POSITIVE_INFINITY };
  let schedule = saved?.schedule ?? startSchedule(phase);
  try {
    if (saved !== undefined) optimizer.restore(saved.optimizer);
    while (history.length < epochs && !isOutOfPatience(phase, best, history.length)) {
      const epoch = history.length + 1;
      const started = performance.now();
      const { accuracies, ...trained } = await trainOnce(training, {
        phase,
        index,
        inputs,
        cut,
        optimizer,
        schedule,
        before,
        epoch,
      });
      const scores = await scoreEpoch(training, inputs, cut, accuracies);
      assertFinite(scores.record, { epoch, phase: index });
      const record: EpochRecord = {
        phase: phaseName(phase),
        epoch,
        ...trained,
        ...scores.record,
        seconds: (performance.now() - started) / 1000,
      };
      history.push(record);
      await addToHistories(training);
      await keepBest(training, record, scores.logits);
      events.emit({ type: 'epoch', task, phase: record.phase, epoch, epochs, metrics: metricsOf(record) });
      best = await betterOf(training, phase, best, record);
      schedule = afterEpoch(phase, schedule, record.validationLoss);
      if (training.checkpoint !== undefined) {
        await writeCheckpoint(training.checkpoint, {
          phase: index,
          before,
          bestOfPhase: best,
          schedule,
          history,
          backends: [...training.backends],
          seconds: secondsOf(training),
          waited: training.waited,
          basePasses: training.basePasses,
          weights: await snapshot(classifier),
          optimizer: await optimizer.state(),
          ...(training.best && { best: training.best }),
        });
      }
      // After the state is kept: who lets it go on loses nothing.
      assertLearning(training);
    }
    if (best.weights !== undefined) restore(tf, classifier, best.weights);
  } finally {
    optimizer.dispose();
    cut.dispose();
  }
}

/** An epoch's last step can ruin the weights: the losses of its steps are those before each. */
function assertFinite(
  { trainLoss, validationLoss = 0 }: Scores['record'],
  { epoch, phase }: { epoch: number; phase: number },
): void {
  if (Number.isFinite(trainLoss) && Number.isFinite(validationLoss)) return;
  throw divergedError(Number.isFinite(trainLoss) ? validationLoss : trainLoss, `after epoch ${epoch}`, phase);
}

/** Ends training that learns nothing; of a recipe that keeps the post's faults, says so once. */
function assertLearning(training: Training): void {
  const { history, model, guess, faithful, events } = training;
  if (!isStagnant(history, { model, guess })) return;
  const error = stagnationError(history, training);
  if (!faithful) throw error;
  if (isStagnant(history.slice(0, -1), { model, guess })) return;
  events.emit({ type: 'message', level: 'warning', text: `${error.message}: ${error.hint}` });
}

/** Says of a phase what its recipe may not let one expect. */
function announce(training: Training, phase: PhaseRecipe, { train, validation }: Inputs): void {
  const { task, network, model, faithful, events } = training;
  const { schedule, patience, epochs } = phase;
  const steps = epochs * Math.ceil(train[0]!.samples().length / model.batchSize);
  const notes: (string | false | undefined)[] = [
    phaseNote(network, phase, faithful),
    warmupSteps(schedule, steps / epochs) >= steps &&
      `The learning rate rises through the whole phase, which has ${steps} steps, and never comes to what the recipe says`,
  ];
  if (validation.length === 0) {
    notes.push(
      schedule?.kind === 'plateau' &&
        'There is no validation side, so that no plateau is seen: the learning rate is never reduced',
      patience !== undefined &&
        'There is no validation side, so that patience never ends: all epochs are trained',
      phase.restore &&
        'There is no validation side, so that no epoch is better than the last: its weights are kept',
    );
  }
  for (const note of notes) {
    if (note) events.emit({ type: 'message', level: 'warning', text: `${task}: ${note}` });
  }
}

/** One pass over the train side: in turn over each of its views, and over their mirror images. */
async function trainOnce(
  training: Training,
  {
    phase,
    index,
    inputs,
    cut,
    optimizer,
    schedule,
    before,
    epoch,
  }: {
    phase: PhaseRecipe;
    /** Its place in the recipe. */
    index: number;
    inputs: Inputs;
    cut: Cut;
    optimizer: Optimizer;
    schedule: ScheduleState;
    /** Epochs before the phase. */
    before: number;
    epoch: number;
  },
): Promise<Pick<EpochRecord, 'loss' | 'accuracy' | 'learningRate'> & { accuracies: number[] }> {
  const { tf, classifier, model, seed, task, augmentation, signal, making } = training;
  const { feed, samples, mirrored } = inputs.train[(epoch - 1) % inputs.train.length]!;
  const side = samples();
  const steps = Math.ceil(side.length / model.batchSize);
  const learningRate = (step: number) =>
    learningRateAt(phase, schedule, (epoch - 1 - before) * steps + step, steps);
  const { labelSmoothing, l2 } = model.head;
  // At most: a phase may end early.
  const total = phase.epochs * side.length;
  const tell = telling(training.events, { stage: `train ${task}`, unit: 'photos', total });
  try {
    const trained = await trainEpoch({
      tf,
      cut,
      feed,
      optimizer,
      learningRate,
      phase: index,
      samples: side,
      mirrored,
      batchSize: model.batchSize,
      shuffle: { seed: hash32(seed, 'shuffle', task), epoch },
      ...(augmentation && { augment: { recipe: augmentation, seed, epoch } }),
      objectives: objectivesOf(training, epoch),
      labelSmoothing,
      ...(l2 !== undefined && { l2: { factor: l2, kernels: headKernels(classifier) } }),
      ...making,
      signal,
      onStep: (done) => tell((epoch - 1 - before) * side.length + done),
      onWait(milliseconds) {
        training.waited += milliseconds;
      },
    });
    training.basePasses += basePassesOf(training, inputs, side.length);
    return { ...trained, learningRate: learningRate(steps - 1) };
  } finally {
    // Of many views each would keep a thread.
    if (feed !== inputs.feed) await feed.close();
  }
}

/** What each output learns: of a shared trunk each head its task's classes, as its own recipe says. */
function objectivesOf({ heads, model, levels }: Training, epoch: number): Objective[] {
  if (heads === undefined) return objectivesAt(model, levels, epoch);
  return heads.map(({ of, head: { labelSmoothing }, classWeights }) => ({
    of,
    weight: 1,
    labelSmoothing,
    ...(classWeights && { classWeights }),
  }));
}

/** What an event tells of an epoch: its numbers. */
export function metricsOf(record: EpochRecord): Record<string, number> {
  const { phase: _, epoch: __, seconds: ___, trainPhotos: ____, heads: _____, ...metrics } = record;
  return metrics;
}

/** The phase's best epoch so far; without a validation side none is better than the last. */
async function betterOf(
  { classifier }: Training,
  phase: PhaseRecipe,
  best: BestOfPhase,
  { epoch, validationLoss: loss }: EpochRecord,
): Promise<BestOfPhase> {
  if (loss === undefined) return { epoch, loss: Number.NEGATIVE_INFINITY };
  if (!isBetter(phase, best, loss)) return best;
  return { epoch, loss, ...(phase.restore && { weights: await snapshot(classifier) }) };
}

/** Keeps the weights when no epoch before was better on the validation side. */
export async function keepBest(
  training: Training,
  { epoch, validationLoss: loss }: EpochRecord,
  logits: LabelledLogits[] | undefined,
): Promise<void> {
  if (loss === undefined || logits === undefined) return;
  if (training.best !== undefined && !(loss < training.best.loss)) return;
  training.best = { epoch, loss, weights: await snapshot(training.classifier), logits };
}
