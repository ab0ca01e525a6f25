import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import { mixes } from '../augment/mix.js';
import { PipelineError } from '../errors.js';
import { type ModelRecipe, modelOf, type PhaseRecipe, type Recipe } from '../recipe.js';
import type { Tf } from './backends/backend.js';
import { isBatchNorm } from './batch-norm.js';
import { belowHeads } from './heads.js';
import { headPhases } from './inputs.js';
import { kernelLayer } from './kernel/layer.js';
import { glorot, INPUT, type Network } from './networks/network.js';
import { firstOfBase } from './phases.js';
import { assignWeights } from './weights/named.js';
import type { Pretrained } from './weights/pretrained.js';

/** The layer whose output is a photo's feature vector; those of branches have their names before it. */
export const POOL = 'global_average_pooling';

/** A branch of a B-CNN: a head of its own on an inner layer of the base. */
export interface BranchOptions {
  /** Stands before the names of its layers. */
  name: string;
  /** The layer of the base that it reads. */
  after: string;
  classes: number;
  /** Its hidden layers; absent: as the head's. */
  units?: readonly number[] | undefined;
}

export interface ClassifierOptions {
  network: Network;
  /** Pixels. */
  height: number;
  width: number;
  /** Number of classes, at least 2. */
  classes: number;
  head: ModelRecipe['head'];
  /** Their outputs come before the classes', in this order. */
  branches?: readonly BranchOptions[];
  /** Of a shared trunk: a head and an output for each, in place of the one; `prefix` stands before the names of its layers. */
  heads?: readonly { prefix: string; classes: number; head: ModelRecipe['head'] }[];
  /** How many rows its kernel head has around it. */
  centres?: number;
  seed: number;
  /** Trained weights of the base; without them it is drawn by the seed. */
  pretrained?: Pretrained;
}

/**
 * A whole network: base, and on it a head: global averages, hidden Dense layers with relu, dropout, Dense, softmax. Takes
 * [batch, height, width, 3] float32, preprocessed as the network wants it; gives [batch, classes] probabilities, of
 * each branch and last of the classes themselves (Zhu & Bain 2017, B-CNN).
 * @throws {PipelineError} `WEIGHTS_MISMATCH` where the pretrained weights are another network's.
 */
export function buildClassifier(tf: Tf, options: ClassifierOptions): LayersModel {
  const { network, height, width, classes, head, branches = [], centres = 0, seed, pretrained } = options;
  const { heads = [{ classes, head, prefix: '' }] } = options;
  const base = network.build(tf, { height, width, seed, ...(pretrained && { alpha: pretrained.alpha }) });
  if (pretrained !== undefined) assignWeights(tf, base, pretrained.weights, network.top);
  const headOn = (read: readonly string[], more: Omit<HeadOptions, 'seed'>) => {
    const outputs = read.map((layer) => base.getLayer(layer).output as SymbolicTensor);
    return applyHead(tf, outputs, { ...more, seed });
  };
  const outputs = [
    ...branches.map(({ name, after, units, ...branch }) =>
      headOn([after], { ...branch, head, prefix: `${name}_`, units: units ?? head.units }),
    ),
    ...heads.map((one) =>
      headOn(head.layers ?? [network.featureLayer], { ...one, units: one.head.units, centres }),
    ),
  ];
  return tf.model({ name: network.name, inputs: base.inputs, outputs });
}

interface HeadOptions {
  classes: number;
  head: ModelRecipe['head'];
  units: readonly number[];
  centres?: number;
  /** Before each layer's name. */
  prefix: string;
  seed: number;
}

function applyHead(tf: Tf, read: readonly SymbolicTensor[], options: HeadOptions): SymbolicTensor {
  const { classes, head, units, centres = 0, prefix, seed } = options;
  const { kernel } = head;
  const { layers } = tf;
  const dense = (own: string, size: number, activation: 'relu' | 'linear') => {
    const name = `${prefix}${own}`;
    return layers.dense({ name, units: size, activation, kernelInitializer: glorot(tf, seed, name) });
  };
  const pools = read.map((output, index) => {
    const name = `${prefix}${POOL}${index === 0 ? '' : `_${index + 1}`}`;
    return layers.globalAveragePooling2d({ name }).apply(output) as SymbolicTensor;
  });
  const pooled =
    pools.length === 1
      ? pools[0]!
      : (layers.concatenate({ name: `${prefix}head_features` }).apply(pools) as SymbolicTensor);
  const stack = [
    ...(kernel === undefined
      ? []
      : [new (kernelLayer(tf))({ name: `${prefix}head_kernel`, units: centres, gamma: kernel.gamma })]),
    ...units.map((size, index) => dense(`head_dense_${index + 1}`, size, 'relu')),
    ...(head.dropout > 0 ? [layers.dropout({ name: `${prefix}head_dropout`, rate: head.dropout })] : []),
    dense('logits', classes, 'linear'),
    layers.softmax({ name: `${prefix}predictions` }),
  ];
  return stack.reduce((input, layer) => layer.apply(input) as SymbolicTensor, pooled);
}

/**
 * Names of the layers that a phase leaves alone, with all that they read: layers of the base, and where nothing but
 * heads is trained all that lies below these.
 * @throws {PipelineError} `RECIPE_INVALID` where the base has no layer of the phase's name.
 */
export function frozenLayers(
  model: LayersModel,
  network: Network,
  phase: PhaseRecipe,
  faithful = false,
): Set<string> {
  if (phase.train === 'head') return belowHeads(model);
  const layers = [INPUT, ...network.layers];
  const first = firstOfBase(layers, phase, faithful);
  if (first >= 0) return new Set(layers.slice(0, first));
  throw new PipelineError(
    'RECIPE_INVALID',
    `model.phases: Expected a layer of ${network.name} in train.from but received ${JSON.stringify(phase.train)}`,
    { hint: `Its layers with weights are ${[...network.weighted.keys()].join(', ')}.` },
  );
}

/**
 * Which phases of a recipe can read a pretrained base's features, computed once each, of photos as they are or of stored views
 * that are not mixed: `all` where each trains nothing but the head, `head` where those do that come before the first that
 * trains the base. The post's way computes the base anew.
 */
export function readsFeatures(recipe: Recipe, task: string): 'all' | 'head' | 'none' {
  const { augmentation, cache, faithful } = recipe;
  const stands = augmentation === undefined || (cache.augmentedCopies !== undefined && !mixes(augmentation));
  const { phases } = modelOf(recipe, task);
  const heads = headPhases(phases);
  if (!stands || heads === 0) return 'none';
  if (heads === phases.length) return 'all';
  return faithful ? 'none' : 'head';
}

/**
 * How many numbers a phase trains, and how many it leaves alone.
 * @param frozen names of the layers that it leaves alone.
 */
export function countParameters(
  model: LayersModel,
  { batchNorm }: PhaseRecipe,
  frozen: ReadonlySet<string>,
): { trained: number; fixed: number } {
  let trained = 0;
  let fixed = 0;
  for (const layer of model.layers) {
    const size = (weights: typeof layer.weights) =>
      weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const trains = !frozen.has(layer.name) && (batchNorm !== 'frozen' || !isBatchNorm(layer));
    const own = trains ? size(layer.trainableWeights) : 0;
    trained += own;
    fixed += size(layer.weights) - own;
  }
  return { trained, fixed };
}

function sizeOf(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, size) => product * (size ?? 1), 1);
}
