import type { Tensor } from '@tensorflow/tfjs';
import { PipelineError } from '../../errors.js';
import { hash32 } from '../../random.js';
import type { PhaseRecipe } from '../../recipe.js';
import type { Tf } from '../backends/backend.js';
import { frozenLayers } from '../classifier.js';
import { type Cut, cutModel } from '../cut.js';
import { logitsLayers, sourcesOf } from '../heads.js';
import { addToHistories } from '../histories.js';
import { basePassesOf, type Inputs, inputsOf } from '../inputs.js';
import { phaseName } from '../phases.js';
import { scoreEpoch } from '../score.js';
import { fitTemperature, type LabelledLogits } from '../temperature.js';
import { keepBest, metricsOf } from '../train-phase.js';
import type { Training } from '../training.js';
import { factorCholesky, solveCholesky } from './cholesky.js';
import { unitRows } from './layer.js';
import { assertKernelRows } from './recipe.js';

const BATCH = 256;
/** Not above it: temperatures are looked for from 0.05 on. */
const LEAST_TEMPERATURE = 0.0501;
const MOST_RAISE = 1e4;
/** One component in so many tells how sure the scores are. */
const HELD_OUT = 5;

/**
 * Solves a kernel head: ridge regression of the classes (one-hot) on radial basis functions around each training row,
 * (K + ridge · I) α = Y, so that scores are K(x, rows) α (Saunders et al. 1998, Rifkin et al. 2003). As scores are no
 * logits, they are multiplied by what makes their softmax most likely on a fifth of the train side's components, scored
 * by a head that has not seen these: the leading rows' factor is part of the whole one's.
 * @throws {PipelineError} `RECIPE_INVALID` where there are too many rows; `ABORTED`.
 */
export async function fitKernelHead(training: Training, phase: PhaseRecipe): Promise<void> {
  const { tf, classifier, network } = training;
  const cut = cutModel(tf, classifier, frozenLayers(classifier, network, phase));
  try {
    await solveHead(training, phase, cut);
  } finally {
    cut.dispose();
  }
}

async function solveHead(training: Training, phase: PhaseRecipe, cut: Cut): Promise<void> {
  const { tf, task, model, classifier, history, events, signal } = training;
  const started = performance.now();
  const { gamma, ridge } = model.head.kernel!;
  const inputs = inputsOf(training, 0);
  const { rows, seen, classes } = await trainingRows(training, inputs, cut);
  const size = rows.length;
  const x = tf.tidy(() => unitRows(tf, tf.tensor2d(concatenated(rows), [size, rows[0]!.vector.length])));
  try {
    const factor = await kernelMatrix(tf, x, gamma);
    for (let row = 0; row < size; row++) factor[row * size + row]! += ridge;
    const onRows = (done: number) =>
      events.emit({ type: 'progress', stage: `train ${task}`, done, total: size, unit: 'rows' });
    await factorCholesky(factor, size, { signal, onRows }).catch((cause: unknown) => {
      if (!(cause instanceof RangeError)) throw cause;
      throw new PipelineError(
        'RECIPE_INVALID',
        `model.head.kernel.ridge: Expected more than ${ridge} with gamma ${gamma}: the rows are too alike to be told apart`,
        { key: task, hint: 'Raise the ridge, or gamma.', cause },
      );
    });
    const solved = (count: number) =>
      solveCholesky(factor, size, oneHot(rows.slice(0, count), classes), count);
    const scale = await scaleOf(tf, { x, gamma, alpha: solved(seen), seen, rows, classes });
    const alpha = Float32Array.from(solved(size), (value) => value * scale);
    const logits = logitsLayers(classifier).at(-1)!;
    const weights = [tf.tensor2d(alpha, [size, classes]), tf.zeros([classes])];
    logits.setWeights(weights);
    const centres = x.transpose();
    sourcesOf(logits)[0]!.setWeights([centres]);
    tf.dispose([...weights, centres]);
  } finally {
    x.dispose();
  }
  const { record, logits } = await scoreEpoch(training, inputs, cut);
  const epoch = {
    phase: phaseName(phase),
    epoch: 1,
    loss: record.trainLoss,
    accuracy: record.trainAccuracy,
    learningRate: 0,
    ...record,
    seconds: (performance.now() - started) / 1000,
  };
  training.basePasses += basePassesOf(training, inputs, size);
  history.push(epoch);
  await addToHistories(training);
  await keepBest(training, epoch, logits);
  events.emit({ type: 'epoch', task, phase: epoch.phase, epoch: 1, epochs: 1, metrics: metricsOf(epoch) });
}

interface Row {
  label: number;
  vector: Float32Array;
}

/** What the head reads of the train side, of all its views; the first `seen` rows are of components that are not held out. */
async function trainingRows(
  { tf, samples, seed, signal, classifier, task }: Training,
  { train }: Inputs,
  cut: Cut,
): Promise<{ rows: Row[]; seen: number; classes: number }> {
  const trained = samples.filter(({ split }) => split === 'train');
  const count = train.length * trained.length;
  assertKernelRows(count, task);
  const seen: Row[] = [];
  const heldOut: Row[] = [];
  for (const { feed, samples: side, mirrored } of train) {
    let index = 0;
    for await (const batch of feed.batches(side(), { batchSize: BATCH, signal })) {
      const features = tf.tidy(() => {
        const outputs = feed.outputs(cut, batch, mirrored);
        const pools = cut.border.map(({ name }) => outputs.get(name)!);
        return pools.length === 1 ? pools[0]! : tf.concat(pools, -1);
      });
      const values = await features.data<'float32'>().finally(() => features.dispose());
      const length = values.length / batch.labels.length;
      for (const [at, label] of batch.labels.entries()) {
        const { component } = trained[index]!;
        const held = hash32(seed, 'kernel scale', component) % HELD_OUT === 0;
        (held ? heldOut : seen).push({ label, vector: values.slice(at * length, (at + 1) * length) });
        index += 1;
      }
    }
  }
  const classes = classifier.outputs.at(-1)!.shape[1]!;
  return { rows: [...seen, ...heldOut], seen: seen.length, classes };
}

function concatenated(rows: readonly Row[]): Float32Array {
  const length = rows[0]!.vector.length;
  const all = new Float32Array(rows.length * length);
  for (const [index, { vector }] of rows.entries()) all.set(vector, index * length);
  return all;
}

function oneHot(rows: readonly Row[], classes: number): Float64Array {
  const all = new Float64Array(rows.length * classes);
  for (const [index, { label }] of rows.entries()) all[index * classes + label] = 1;
  return all;
}

/** exp(−γ · ‖a − b‖²) for all rows a and b of length 1; call it in a tidy. */
const kernelOf = (a: Tensor, b: Tensor, gamma: number) =>
  a
    .matMul(b as never, false, true)
    .sub(1)
    .mul(2 * gamma)
    .exp();

async function kernelMatrix(tf: Tf, x: Tensor, gamma: number): Promise<Float64Array> {
  const [size, length] = x.shape as [number, number];
  const matrix = new Float64Array(size * size);
  for (let first = 0; first < size; first += BATCH) {
    const count = Math.min(BATCH, size - first);
    const part = tf.tidy(() => kernelOf(x.slice([first, 0], [count, length]), x, gamma));
    matrix.set(await part.data().finally(() => part.dispose()), first * size);
  }
  return matrix;
}

/** What scores are multiplied by, by the rows that are held out; 1 where there are none, or none else. */
async function scaleOf(
  tf: Tf,
  {
    x,
    gamma,
    alpha,
    seen,
    rows,
    classes,
  }: {
    x: Tensor;
    gamma: number;
    alpha: Float64Array;
    seen: number;
    rows: readonly Row[];
    classes: number;
  },
): Promise<number> {
  const heldOut = rows.slice(seen);
  if (heldOut.length === 0 || seen === 0) return 1;
  const [size, length] = x.shape as [number, number];
  const scores = tf.tidy(() => {
    const kernel = kernelOf(
      x.slice([seen, 0], [size - seen, length]),
      x.slice([0, 0], [seen, length]),
      gamma,
    );
    return kernel.matMul(tf.tensor2d(Float32Array.from(alpha), [seen, classes]) as never);
  });
  const logits = await scores.data().finally(() => scores.dispose());
  return scaleOfScores({ classes, labels: heldOut.map(({ label }) => label), logits });
}

/**
 * What makes scores most likely as logits. A great ridge makes them smaller than any temperature alone makes up for;
 * of scores that name every class alike or every sample's own, the search ends somewhere.
 */
export function scaleOfScores(scores: LabelledLogits): number {
  let raise = 1;
  while (raise < MOST_RAISE) {
    const logits = Float64Array.from(scores.logits, (score) => score * raise);
    const temperature = fitTemperature({ ...scores, logits });
    if (temperature > LEAST_TEMPERATURE) return raise / temperature;
    raise /= LEAST_TEMPERATURE;
  }
  return raise;
}
