import type { PlainError } from '../errors.js';
import type { BackendChoice } from '../models/backends/backend.js';
import type { HeatMap } from '../models/grad-cam.js';

/** What a thread that predicts is started with. */
export interface PredictThreadData {
  /** Of models, as `saveModel` wrote them. */
  folders: readonly string[];
  /** By folder: which of a job's inputs the model takes. */
  inputs: readonly number[];
  backend: BackendChoice;
}

/** What it is asked: nothing but whether it works, what photos show, or where one shows it. */
export type PredictJob =
  | { kind: 'start' }
  | {
      kind: 'predict';
      /** By input: each photo's height × width × 3 RGB bytes. */
      pixels: readonly (readonly Uint8Array[])[];
    }
  | {
      kind: 'explain';
      task: string;
      /** The class's place in the softmax. */
      at: number;
      /** By input: the photo's bytes. */
      pixels: readonly Uint8Array[];
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
  | { kind: 'explained'; map: HeatMap }
  /** As data, so that a lost device arrives as what it is. */
  | { kind: 'failed'; error: PlainError };
