import type { LayersModel } from '@tensorflow/tfjs';
import { hash32 } from '../../random.js';
import type { ModelRecipe } from '../../recipe.js';
import type { Tf } from '../backends/backend.js';

/** How 0..255 RGB becomes a network's input: `scale` is /255, `tf` is /127.5 − 1, `caffe` is BGR minus ImageNet's means. */
export type Preprocessing = 'scale' | 'tf' | 'caffe';

/** The name of the layer that photos come in by. */
export const INPUT = 'input_layer';

/** A kind of layer with weights. */
export type Weighted = 'convolution' | 'batch norm';

export interface NetworkOptions {
  /** Pixels, at least 1. */
  height: number;
  width: number;
  /** Multiplies the number of channels, where the network has such a multiplier; default 1. */
  alpha?: number;
  /** Determines the initial weights together with each layer's name. */
  seed: number;
}

/** A base network: a declaration of layers, without top and without trained weights. */
export interface Network {
  readonly name: ModelRecipe['network'];
  readonly preprocessing: Preprocessing;
  /** The last layer: its global average is a photo's feature vector. */
  readonly featureLayer: string;
  /** Layers with weights of the usual classifier on top, which `build` leaves out. */
  readonly top: readonly string[];
  /** Names of all layers after the input, in order: known without building it. */
  readonly layers: readonly string[];
  /** Those of them that have weights, and their kinds. */
  readonly weighted: ReadonlyMap<string, Weighted>;
  /** Channels that a layer gives, which are the numbers in a feature vector of it. */
  channelsOf(layer: string, alpha: number): number;
  /** The width multiplier that weights of these shapes belong to; undefined where they are another network's. */
  alphaOf(shapes: ReadonlyMap<string, readonly number[]>): number | undefined;
  /** Takes [batch, height, width, 3] float32, preprocessed; gives the feature layer's [batch, h, w, channels]. */
  build(tf: Tf, options: NetworkOptions): LayersModel;
}

/** Keras's default initialiser (Glorot & Bengio 2010, uniform), drawn by the seed and the layer's name. */
export function glorot(tf: Tf, seed: number, layer: string): ReturnType<Tf['initializers']['glorotUniform']> {
  return tf.initializers.glorotUniform({ seed: hash32(seed, 'initialise', layer) });
}
