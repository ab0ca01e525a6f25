import type { PlainError } from '../errors.js';
import type { BackendChoice } from '../models/backends/backend.js';

/** What a thread that predicts is started with. */
export interface PredictThreadData {
  /** Of models, as `saveModel` wrote them. */
  folders: readonly string[];
  /** By folder: which of a job's inputs the model takes. */
  inputs: readonly number[];
  backend: BackendChoice;
}

/** What it is asked: nothing but whether it works, or what photos show. */
export type PredictJob =
  | { kind: 'start' }
  | {
      kind: 'predict';
      /** By input: each photo's height × width × 3 RGB bytes. */
      pixels: readonly (readonly Uint8Array[])[];
    };

/** One task's part of an answer. */
export interface TaskOutputs {
  /** [photos × classes], row-major: softmax(logits / temperature). */
  probabilities: Float64Array;
  /** [photos × length], row-major: what the head reads; where it averages with mirror images, the mean of both. */
  embeddings: Float32Array;
}

/** What it answers. */
export type PredictAnswer =
  | { kind: 'started'; backend: { name: string; device: string } }
  /** By task. */
  | { kind: 'predicted'; tasks: ReadonlyMap<string, TaskOutputs> }
  /** As data, so that a lost device arrives as what it is. */
  | { kind: 'failed'; error: PlainError };
