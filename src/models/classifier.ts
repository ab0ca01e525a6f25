import type { LayersModel, SymbolicTensor, Variable } from '@tensorflow/tfjs';
import { mixes } from '../augment/mix.js';
import { PipelineError } from '../errors.js';
import { type ModelRecipe, modelOf, type PhaseRecipe, type Recipe } from '../recipe.js';
import type { Tf } from './backends/backend.js';
import { isBatchNorm } from './batch-norm.js';
import { glorot, type Network } from './networks/network.js';
import { firstOfBase } from './phases.js';
import { assignWeights } from './weights/named.js';
import type { Pretrained } from './weights/pretrained.js';

/** The layer whose output is a photo's feature vector; every layer after it belongs to the head. */
export const POOL = 'global_average_pooling';
/** The last layer before the softmax. */
export const LOGITS = 'logits';

export interface ClassifierOptions {
  network: Network;
  /** Pixels. */
  height: number;
  width: number;
  /** Number of classes, at least 2. */
  classes: number;
  head: ModelRecipe['head'];
  seed: number;
  /** Trained weights of the base; without them it is drawn by the seed. */
  pretrained?: Pretrained;
}

/**
 * A whole network: base, global average, hidden Dense layers with relu, dropout, Dense, softmax. Takes
 * [batch, height, width, 3] float32, preprocessed as the network wants it; gives [batch, classes] probabilities.
 * @throws {PipelineError} `WEIGHTS_MISMATCH` where the pretrained weights are another network's.
 */
export function buildClassifier(tf: Tf, options: ClassifierOptions): LayersModel {
  const { network, height, width, classes, head, seed, pretrained } = options;
  const { layers } = tf;
  const base = network.build(tf, { height, width, seed, ...(pretrained && { alpha: pretrained.alpha }) });
  if (pretrained !== undefined) assignWeights(tf, base, pretrained.weights, network.top);
  const dense = (name: string, units: number, activation: 'relu' | 'linear') =>
    layers.dense({ name, units, activation, kernelInitializer: glorot(tf, seed, name) });
  const stack = [
    layers.globalAveragePooling2d({ name: POOL }),
    ...head.units.map((units, index) => dense(`head_dense_${index + 1}`, units, 'relu')),
    ...(head.dropout > 0 ? [layers.dropout({ name: 'head_dropout', rate: head.dropout })] : []),
    dense(LOGITS, classes, 'linear'),
    layers.softmax({ name: 'predictions' }),
  ];
  const outputs = stack.reduce((x, layer) => layer.apply(x) as SymbolicTensor, base.outputs[0]!);
  return tf.model({ name: network.name, inputs: base.inputs, outputs });
}

/**
 * The index of the first layer that a phase trains; all layers from there on are trained.
 * @throws {PipelineError} `RECIPE_INVALID` where the base has no layer of that name.
 */
export function firstTrained(model: LayersModel, phase: PhaseRecipe, faithful = false): number {
  const pool = model.layers.findIndex(({ name }) => name === POOL);
  // Features take the place of the pool's output.
  if (phase.train === 'head') return pool + 1;
  const base = model.layers.slice(0, pool);
  const first = firstOfBase(
    base.map(({ name }) => name),
    phase,
    faithful,
  );
  if (first >= 0) return first;
  const names = base.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
  throw new PipelineError(
    'RECIPE_INVALID',
    `model.phases: Expected a layer of ${model.name} in train.from but received ${JSON.stringify(phase.train)}`,
    { hint: `Its layers with weights are ${names.join(', ')}.` },
  );
}

/**
 * Whether a recipe trains nothing but the head of a pretrained network, on photos as they are or on stored views that are
 * not mixed: then features are computed once each.
 */
export function trainsOnFeatures(recipe: Recipe, task: string): boolean {
  const { augmentation, cache } = recipe;
  const stands = augmentation === undefined || (cache.augmentedCopies !== undefined && !mixes(augmentation));
  return stands && modelOf(recipe, task).phases.every(({ train }) => train === 'head');
}

/** The kernels of the head's Dense layers, as Keras's `kernel_regularizer` sees them. */
export function headKernels(model: LayersModel): Variable[] {
  const pool = model.layers.findIndex(({ name }) => name === POOL);
  return model.layers
    .slice(pool + 1)
    .flatMap(({ trainableWeights }) => trainableWeights)
    .filter(({ originalName }) => originalName.endsWith('/kernel'))
    .map((kernel) => kernel.read() as Variable);
}

/** How many numbers a phase trains, and how many it leaves alone. */
export function countParameters(
  model: LayersModel,
  phase: PhaseRecipe,
  faithful = false,
): { trained: number; fixed: number } {
  const first = firstTrained(model, phase, faithful);
  const trains = (layer: LayersModel['layers'][number]) =>
    phase.batchNorm !== 'frozen' || !isBatchNorm(layer);
  let trained = 0;
  let fixed = 0;
  for (const [index, layer] of model.layers.entries()) {
    const size = (weights: typeof layer.weights) =>
      weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const own = index >= first && trains(layer) ? size(layer.trainableWeights) : 0;
    trained += own;
    fixed += size(layer.weights) - own;
  }
  return { trained, fixed };
}

function sizeOf(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, size) => product * (size ?? 1), 1);
}
