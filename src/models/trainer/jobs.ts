import type { AugmentationRecipe } from '../../augment/schema.js';
import type { PlainError } from '../../errors.js';
import type { PipelineEvent } from '../../events.js';
import type { ModelRecipe, TrainingRecipe } from '../../recipe.js';
import type { Sample, Side } from '../../records.js';
import type { EvaluationResult, TrainResult } from '../../results.js';
import type { CacheReference } from '../../sinks/tensor-cache/with-caches.js';
import type { BackendChoice } from '../backends/backend.js';
import type { CheckReport } from '../check/check.js';
import type { CheckpointFile } from '../checkpoint.js';
import type { FitOptions } from '../fit.js';
import type { PredictionRecord } from '../predictions.js';
import type { TrunkTask } from '../trunk.js';

/** Trains one task; plain data, so that it can go to another thread. */
export interface FitJob {
  kind: 'fit';
  task: string;
  model: ModelRecipe;
  seed: number;
  samples: readonly Sample[];
  cache: CacheReference;
  /** What the train side is read from, epoch by epoch in turn; absent: `cache`. */
  views?: readonly CacheReference[];
  /** Where `cache` are pixels: features that phases read in their place until the base is trained. */
  headFeatures?: { cache: CacheReference; views: readonly CacheReference[] };
  input: FitOptions['input'];
  /** Tasks whose heads share the base; `samples` are then `trunkSamples` of them, and `task` their name together. */
  trunk?: readonly TrunkTask[];
  training?: TrainingRecipe;
  faithful?: boolean;
  augmentation?: AugmentationRecipe;
  /** Folder of the base's pretrained weights; absent: from scratch. */
  weights?: string;
  /** Where the model is saved. */
  folder: string;
  checkpoint?: CheckpointFile;
  /** Where the history is written for other programs. */
  historyFolder?: string;
}

/** Looks at one task's training before it begins. */
export interface CheckJob
  extends Pick<FitJob, 'task' | 'model' | 'seed' | 'samples' | 'cache' | 'input' | 'faithful' | 'weights'> {
  kind: 'check';
}

/** Scores a saved model on one side. */
export interface EvaluateJob {
  kind: 'evaluate';
  task: string;
  folder: string;
  /** Those of the side. */
  samples: readonly Sample[];
  /** Paths of those that have a twin on another side. */
  twins: readonly string[];
  side: Side;
  cache: CacheReference;
  /** The photos themselves, which `cache` may be. */
  pixels: CacheReference;
  natural: Readonly<Record<string, number>>;
  seed: number;
}

/** Predicts samples by a saved model. */
export interface PredictJob extends Pick<EvaluateJob, 'task' | 'folder' | 'samples' | 'cache'> {
  kind: 'predict';
}

/** Computes a saved model's embeddings of photos. */
export interface EmbedJob {
  kind: 'embed';
  /** The model's. */
  folder: string;
  /** Pixels, or the features that the model's frozen base gives. */
  cache: CacheReference;
  /** sha256 of the photos' bytes, all in the cache. */
  photos: readonly string[];
}

/** Embeddings, [photos × width], row-major. */
export interface EmbedOutcome {
  embeddings: Float32Array;
  width: number;
}

export interface FitOutcome {
  train: TrainResult;
  backend: { name: string; device: string };
}

export interface EvaluateOutcome {
  result: EvaluationResult;
  predictions: PredictionRecord[];
}

/** What the thread is started with. */
export interface TrainerData {
  backend: BackendChoice;
}

export type Job = FitJob | CheckJob | EvaluateJob | PredictJob | EmbedJob;
export type Outcome = FitOutcome | CheckReport | EvaluateOutcome | PredictionRecord[] | EmbedOutcome;

export type ToTrainer =
  | { type: 'job'; job: Job }
  | { type: 'abort' }
  /** No job comes after this: the thread frees its backend and ends once it is idle. */
  | { type: 'close' };

export type FromTrainer =
  | { type: 'event'; event: PipelineEvent }
  | { type: 'done'; outcome: Outcome }
  | { type: 'failed'; error: PlainError };
