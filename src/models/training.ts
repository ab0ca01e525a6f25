import type { LayersModel } from '@tensorflow/tfjs';
import type { AugmentationRecipe } from '../augment/schema.js';
import type { EventBus } from '../events.js';
import type { PixelTarget } from '../kernels/pixel-pool.js';
import type { ModelRecipe, TrainingRecipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { EpochRecord } from '../results.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import type { BestEpoch, CheckpointFile } from './checkpoint.js';
import type { EpochOptions } from './epoch.js';
import type { Inputs, Stored } from './inputs.js';
import type { UpperLevel } from './levels.js';
import type { Network } from './networks/network.js';
import type { TrunkHead, TrunkTask } from './trunk.js';
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
  /**
   * Where `cache` are pixels: features that a frozen base gives for them, which phases read in their place until the base is
   * trained.
   */
  headFeatures?: Stored;
  /** What the network takes: the pixel cache's size and preprocessing. */
  input: PixelTarget;
  pretrained?: Pretrained;
  /** Whether phases slice layers as the post did. */
  faithful?: boolean;
  /** Tasks whose heads share the base; `samples` are then their photos, as `trunkSamples` gives them, and `task` their name together. */
  trunk?: readonly TrunkTask[];
  /** How rare classes are made up for, on the train side. */
  training?: TrainingRecipe;
  /** How training photos are changed, anew in each epoch; of stored views, only how they are mixed. Not of features. */
  augmentation?: AugmentationRecipe;
  /** Where the model is saved. */
  folder: string;
  /** Where the state is kept after each epoch, so that a training that was stopped goes on from there. */
  checkpoint?: CheckpointFile;
  /** Folder of the history that other programs read, written epoch by epoch. */
  historyFolder?: string;
  signal: AbortSignal;
  events: EventBus;
}

/** A training that is under way. */
export interface Training extends FitOptions {
  classifier: LayersModel;
  inputs: Inputs;
  /** Those of phases that train the head alone, where they are others. */
  headInputs?: Inputs;
  /** How it makes up for rare classes. */
  making: Pick<EpochOptions, 'balance' | 'classWeights'>;
  /** Of the category tree, above the classes; the coarsest first. */
  levels: readonly UpperLevel[];
  /** Where tasks share a trunk: in the order of its outputs. */
  heads?: readonly TrunkHead[];
  /** Nats that a guess by the train side's classes' shares loses. */
  guess: number;
  history: EpochRecord[];
  backends: Set<string>;
  /** When it would have begun if it had never been stopped, on `performance`'s clock. */
  started: number;
  /** Milliseconds that the trainer waited for batches. */
  waited: number;
  /** Photos that went through the base so far. */
  basePasses: number;
  best?: BestEpoch;
}

/** Seconds since it began, those before it was stopped included. */
export function secondsOf({ started }: Training): number {
  return (performance.now() - started) / 1000;
}
