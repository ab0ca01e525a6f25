import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import type { EpochRecord } from '../results.js';
import type { OptimizerState } from './optimizers.js';
import type { LabelledLogits } from './temperature.js';

/** The epoch that is kept so far. */
export interface BestEpoch {
  epoch: number;
  loss: number;
  weights: Float32Array[];
  logits: LabelledLogits;
}

/** All that training needs to go on after an epoch. */
export interface TrainingState {
  /** Index of the phase that the last epoch belongs to. */
  phase: number;
  /** Epochs before that phase. */
  before: number;
  /** The phase's best epoch by validation loss: for patience. */
  bestOfPhase: { epoch: number; loss: number };
  history: EpochRecord[];
  /** Of the whole model, in the order of its layers. */
  weights: Float32Array[];
  optimizer: OptimizerState;
  best?: BestEpoch;
}

/** Where a training's state is kept between epochs, and what it must have depended on to be taken up again. */
export interface CheckpointFile {
  file: string;
  key: string;
}

/** Writes a training's state, whole or not at all. */
export async function writeCheckpoint({ file, key }: CheckpointFile, state: TrainingState): Promise<void> {
  await writeFile(`${file}.unfinished`, serialize({ key, state }));
  await rename(`${file}.unfinished`, file);
}

/** The state of a training that depended on the same; undefined where there is none. */
export async function readCheckpoint({ file, key }: CheckpointFile): Promise<TrainingState | undefined> {
  try {
    const found = deserialize(await readFile(file)) as { key: string; state: TrainingState };
    return found.key === key ? found.state : undefined;
  } catch {
    // Not there, or written by a Node whose data this one cannot read: training begins again.
    return undefined;
  }
}

export async function removeCheckpoint({ file }: CheckpointFile): Promise<void> {
  await rm(file, { force: true });
}
