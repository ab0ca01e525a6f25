import type { LayersModel, Tensor, Variable } from '@tensorflow/tfjs';
import type { AugmentationRecipe } from '../augment/schema.js';
import type { EventBus } from '../events.js';
import type { PixelTarget } from '../kernels/pixel-pool.js';
import { hash32 } from '../random.js';
import type { ModelRecipe, PhaseRecipe, TrainingRecipe } from '../recipe.js';
import type { Sample, Side } from '../records.js';
import type { EpochRecord, TrainResult } from '../results.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import {
  type BestEpoch,
  type CheckpointFile,
  readCheckpoint,
  type TrainingState,
  writeCheckpoint,
} from './checkpoint.js';
import { classWeights } from './class-weights.js';
import { buildClassifier, countParameters, firstTrained, phaseName } from './classifier.js';
import { type Cut, cutModel } from './cut.js';
import { type EpochOptions, logitsOf, trainEpoch } from './epoch.js';
import { createFeed, type Feed, type KeyedSample, keyedSamples } from './feed.js';
import { saveModel } from './model-folder.js';
import type { Network } from './networks/network.js';
import { createOptimizer } from './optimizers.js';
import { fitTemperature, type LabelledLogits, negativeLogLikelihood } from './temperature.js';
import { modelWeights } from './weights/named.js';
import type { Pretrained } from './weights/pretrained.js';

export interface FitOptions {
  tf: Tf;
  /** The backend that `tf` computes on. */
  backend: string;
  task: string;
  network: Network;
  model: ModelRecipe;
  /** Determines initial weights, shuffling and dropout. */
  seed: number;
  samples: readonly Sample[];
  /** Pixels, or a frozen base's features where only the head is trained. */
  cache: TensorCache;
  /** Stored views of the train side, in pixels or features as `cache`: epochs take turns, the first with the first. */
  views?: readonly TensorCache[];
  /** What the network takes: the pixel cache's size and preprocessing. */
  input: PixelTarget;
  pretrained?: Pretrained;
  /** How rare classes are made up for, on the train side. */
  training?: TrainingRecipe;
  /** How training photos are changed, anew in each epoch; of stored views, only how they are mixed. Not of features. */
  augmentation?: AugmentationRecipe;
  /** Where the model is saved. */
  folder: string;
  /** Where the state is kept after each epoch, so that a training that was stopped goes on from there. */
  checkpoint?: CheckpointFile;
  signal: AbortSignal;
  events: EventBus;
}

/**
 * Trains one task's classifier phase by phase on its train side. Where there is a validation side it chooses: the
 * weights of the epoch with the lowest validation loss are kept, over all phases, and the temperature is fitted;
 * without one the last weights are kept and the temperature is 1. The test side is not looked at.
 * @throws {PipelineError} `RECIPE_INVALID`, `WEIGHTS_MISMATCH`, `NOT_FOUND`, `TRAINING_DIVERGED`, `ABORTED`.
 */
export async function fitTask(options: FitOptions): Promise<TrainResult> {
  const { tf, task, network, model: recipe, seed, samples, cache, input, pretrained, folder } = options;
  const classes = [...new Set(samples.map(({ label }) => label))].sort();
  const { height, width } = input;
  const model = buildClassifier(tf, {
    network,
    height,
    width,
    classes: classes.length,
    head: recipe.head,
    seed,
    ...(pretrained && { pretrained }),
  });
  const feed = createFeed(tf, cache, network.preprocessing);
  const sideOf = (side: Side, from: TensorCache) =>
    keyedSamples(
      from,
      samples.filter(({ split }) => split === side),
      classes,
    );
  // Found anew in each epoch: of many views each sample would be held many times.
  const viewSide = (from: TensorCache) => ({
    feed: createFeed(tf, from, network.preprocessing),
    samples: () => sideOf('train', from),
  });
  try {
    const training: Training = {
      ...options,
      classifier: model,
      feed,
      train: options.views?.map(viewSide) ?? [{ feed, samples: always(sideOf('train', cache)) }],
      making: making(options, classes),
      validation: sideOf('validation', cache),
      history: [],
      backends: new Set([options.backend]),
      started: performance.now(),
      waited: 0,
    };
    const saved = options.checkpoint && (await readCheckpoint(options.checkpoint));
    if (saved !== undefined) takeUp(training, saved);
    for (const [index, phase] of recipe.phases.entries()) {
      if (saved !== undefined && index < saved.phase) continue;
      await trainPhase(training, phase, index, index === saved?.phase ? saved : undefined);
    }
    const { best, history } = training;
    if (best !== undefined) restore(tf, model, best.weights);
    const temperature = best === undefined ? 1 : fitTemperature(best.logits);
    const seconds = secondsOf(training);
    await saveModel(folder, model, {
      schemaVersion: 1,
      task,
      classes,
      network: network.name,
      alpha: pretrained?.alpha ?? 1,
      pretrained: pretrained?.digest ?? null,
      input: { ...input, preprocessing: network.preprocessing },
      temperature,
    });
    return {
      classes,
      model: recipe,
      parameters: countParameters(model, recipe.phases.at(-1)!),
      history,
      keptEpoch: best?.epoch ?? history.length,
      temperature,
      backends: [...training.backends],
      seconds,
      waitShare: Math.min(1, training.waited / 1000 / seconds),
    };
  } finally {
    await feed.close();
    model.dispose();
  }
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

interface Training extends FitOptions {
  classifier: LayersModel;
  /** The photos themselves. */
  feed: Feed;
  /** The train side, by view. */
  train: readonly { feed: Feed; samples(): readonly KeyedSample[] }[];
  /** How it makes up for rare classes. */
  making: Pick<EpochOptions, 'balance' | 'classWeights'>;
  validation: readonly KeyedSample[];
  history: EpochRecord[];
  backends: Set<string>;
  /** When it would have begun if it had never been stopped, on `performance`'s clock. */
  started: number;
  /** Milliseconds that the trainer waited for batches. */
  waited: number;
  best?: BestEpoch;
}

function always<T>(value: T): () => T {
  return () => value;
}

const secondsOf = ({ started }: Training) => (performance.now() - started) / 1000;

/** Goes on from a training that was stopped. */
function takeUp(training: Training, saved: TrainingState): void {
  const { tf, classifier, task, backend, events } = training;
  restore(tf, classifier, saved.weights);
  training.history.push(...saved.history);
  training.backends = new Set([...saved.backends, backend]);
  training.started -= saved.seconds * 1000;
  training.waited = saved.waited;
  if (saved.best !== undefined) training.best = saved.best;
  if (saved.backends.at(-1) === backend) return;
  events.emit({
    type: 'message',
    level: 'warning',
    text: `The training of ${task} goes on from epoch ${saved.history.length} on ${backend}; ${saved.backends.join(' and ')} computed it until then, so that no single backend gives this result`,
  });
}

/** @param saved the state after an epoch of this phase, to go on from. */
async function trainPhase(
  training: Training,
  phase: PhaseRecipe,
  index: number,
  saved: TrainingState | undefined,
): Promise<void> {
  const { tf, classifier, model, seed, signal, events, task, history, augmentation } = training;
  const cut = cutModel(tf, classifier, firstTrained(classifier, phase));
  const optimizer = createOptimizer(tf, phase, cut.variables);
  const onWait = (milliseconds: number) => {
    training.waited += milliseconds;
  };
  const before = saved?.before ?? history.length;
  const epochs = before + phase.epochs;
  let bestOfPhase = saved?.bestOfPhase ?? { epoch: before, loss: Number.POSITIVE_INFINITY };
  const outOfPatience = () =>
    phase.patience !== undefined && history.length - bestOfPhase.epoch >= phase.patience;
  try {
    if (saved !== undefined) optimizer.restore(saved.optimizer);
    while (history.length < epochs && !outOfPatience()) {
      const epoch = history.length + 1;
      const started = performance.now();
      const { feed, samples } = training.train[(epoch - 1) % training.train.length]!;
      const trained = await trainEpoch({
        tf,
        cut,
        feed,
        optimizer,
        samples: samples(),
        batchSize: model.batchSize,
        shuffle: { seed: hash32(seed, 'shuffle', task), epoch },
        ...(augmentation && { augment: { recipe: augmentation, seed, epoch } }),
        labelSmoothing: model.head.labelSmoothing,
        ...training.making,
        signal,
        onWait,
      }).finally(async () => {
        // Of many views each would keep a thread.
        if (feed !== training.feed) await feed.close();
      });
      const validated = await validate(training, cut, epoch);
      const record: EpochRecord = {
        phase: phaseName(phase),
        epoch,
        ...trained,
        ...validated,
        seconds: (performance.now() - started) / 1000,
      };
      history.push(record);
      const { phase: name, epoch: _, seconds: __, ...metrics } = record;
      events.emit({ type: 'epoch', task, phase: name, epoch, epochs, metrics });
      // Without a validation side nothing is better than what came last, and patience never ends.
      const loss = validated?.validationLoss ?? Number.NEGATIVE_INFINITY;
      if (loss < bestOfPhase.loss || validated === undefined) bestOfPhase = { epoch, loss };
      if (training.checkpoint === undefined) continue;
      await writeCheckpoint(training.checkpoint, {
        phase: index,
        before,
        bestOfPhase,
        history,
        backends: [...training.backends],
        seconds: secondsOf(training),
        waited: training.waited,
        weights: await snapshot(classifier),
        optimizer: await optimizer.state(),
        ...(training.best && { best: training.best }),
      });
    }
  } finally {
    optimizer.dispose();
  }
}

/** Scores the validation side and keeps the weights when no epoch before was better. */
async function validate(
  training: Training,
  cut: Cut,
  epoch: number,
): Promise<{ validationLoss: number; validationAccuracy: number } | undefined> {
  const { tf, feed, validation, model, signal, classifier, best } = training;
  if (validation.length === 0) return undefined;
  const raw = await logitsOf({ tf, cut, feed, samples: validation, batchSize: model.batchSize, signal });
  const labels = validation.map(({ label }) => label);
  const logits = { classes: raw.length / labels.length, labels, logits: raw };
  const loss = negativeLogLikelihood(logits);
  if (best === undefined || loss < best.loss) {
    training.best = { epoch, loss, weights: await snapshot(classifier), logits };
  }
  return { validationLoss: loss, validationAccuracy: accuracyOf(logits) };
}

function accuracyOf({ classes, labels, logits }: LabelledLogits): number {
  let hits = 0;
  for (let row = 0; row < labels.length; row++) {
    let top = 0;
    for (let k = 1; k < classes; k++) if (logits[row * classes + k]! > logits[row * classes + top]!) top = k;
    if (top === labels[row]) hits += 1;
  }
  return hits / labels.length;
}

function snapshot(model: LayersModel): Promise<Float32Array[]> {
  const values = async (tensor: Tensor) => (await tensor.data<'float32'>()).slice();
  return Promise.all(modelWeights(model).map(({ variable }) => values(variable.read())));
}

function restore(tf: Tf, model: LayersModel, weights: readonly Float32Array[]): void {
  for (const [index, { variable }] of modelWeights(model).entries()) {
    tf.tidy(() =>
      (variable.read() as Variable).assign(tf.tensor(weights[index]!, variable.shape as number[])),
    );
  }
}
