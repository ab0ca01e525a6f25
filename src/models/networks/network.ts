import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import type { Normalisation } from '../../normalisation.js';
import { hash32 } from '../../random.js';
import type { ModelRecipe } from '../../recipe.js';
import type { Tf } from '../backends/backend.js';

type Layer = LayersModel['layers'][number];

/** The name of the layer that photos come in by. */
export const INPUT = 'input_layer';

/** Shapes of weights by `layer/variable`. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** A kind of layer with weights. */
export type Weighted = 'convolution' | 'depthwise convolution' | 'batch norm';

export interface NetworkOptions {
  /** Pixels, at least 1. */
  height: number;
  width: number;
  /** Multiplies the number of channels, where the network has such a multiplier; default 1. */
  alpha?: number;
  /** With the usual classifier of ImageNet's thousand classes, where the network has one; default false. */
  top?: boolean;
  /** Determines the initial weights together with each layer's name. */
  seed: number;
}

/** A base network: a declaration of layers, without trained weights and, unless it is asked for, without top. */
export interface Network {
  readonly name: ModelRecipe['network'];
  readonly preprocessing: Normalisation;
  /** The last layer: its global average is a photo's feature vector. */
  readonly featureLayer: string;
  /** Layers with weights of the usual classifier on top, which `build` leaves out by default. */
  readonly top: readonly string[];
  /** Names of all layers between the input and a top, in order: known without building it. */
  readonly layers: readonly string[];
  /** Those of them that have weights, in the same order, and their kinds. */
  readonly weighted: ReadonlyMap<string, Weighted>;
  /** Channels that a layer gives, which are the numbers in a feature vector of it. */
  channelsOf(layer: string, alpha: number): number;
  /** The shapes of all weights without a top, layer by layer: known without building it. */
  shapesOf(alpha: number): Shapes;
  /** The width multiplier that weights of these shapes tell; 1 where they tell none, being another network's. */
  alphaOf(shapes: Shapes): number;
  /** Takes [batch, height, width, 3] float32, preprocessed; gives the feature layer's [batch, h, w, channels]; with top [batch, 1000], probabilities. */
  build(tf: Tf, options: NetworkOptions): LayersModel;
}

/** Keras's default initialiser (Glorot & Bengio 2010, uniform), drawn by the seed and the layer's name. */
export function glorot(tf: Tf, seed: number, layer: string): ReturnType<Tf['initializers']['glorotUniform']> {
  return tf.initializers.glorotUniform({ seed: hash32(seed, 'initialise', layer) });
}

const NORMALISED = ['gamma', 'beta', 'moving_mean', 'moving_variance'] as const;

/** The variables of a batch norm, as Keras orders them. @param scale whether it has a gamma. */
export function batchNormShapes(layer: string, channels: number, scale = true): [string, number[]][] {
  return NORMALISED.slice(scale ? 0 : 1).map((variable) => [`${layer}/${variable}`, [channels]]);
}

/** The classes of ImageNet, which published weights were trained on. */
export const CLASSES = 1000;

/** Layers that lie on one another. */
export function stacked(x: SymbolicTensor, layers: readonly Layer[]): SymbolicTensor {
  return layers.reduce((below, layer) => layer.apply(below) as SymbolicTensor, x);
}

/** A dense layer with the activation and the initial weights that it has in `keras.applications`. */
export function dense(
  tf: Tf,
  seed: number,
  name: string,
  units: number,
  activation: 'relu' | 'softmax',
): Layer {
  return tf.layers.dense({ name, units, activation, kernelInitializer: glorot(tf, seed, name) });
}
