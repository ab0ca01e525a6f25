import { open, readFile, rename, rm } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import type { EpochRecord } from '../results.js';
import type { OptimizerState } from './optimizers.js';
import type { BestOfPhase } from './patience.js';
import type { ScheduleState } from './schedule.js';
import type { LabelledLogits } from './temperature.js';

/** The epoch that is kept so far. */
export interface BestEpoch {
  epoch: number;
  loss: number;
  weights: Float32Array[];
  /** On the validation side, of each head. */
  logits: LabelledLogits[];
}

/** All that training needs to go on after an epoch. */
export interface TrainingState {
  /** Index of the phase that the last epoch belongs to. */
  phase: number;
  /** Epochs before that phase. */
  before: number;
  bestOfPhase: BestOfPhase;
  /** Where the phase's learning rate stands. */
  schedule: ScheduleState;
  history: EpochRecord[];
  /** The backends that computed it so far, each once: another one's numbers differ in their last bits. */
  backends: readonly string[];
  /** Time that it took so far, and milliseconds of it that were spent waiting for batches. */
  seconds: number;
  waited: number;
  /** Photos that went through the base so far. */
  basePasses: number;
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

/** Of the state's form. 2: of each head, and photos through the base. */
const VERSION = 2;

const unfinished = (file: string) => `${file}.unfinished`;

/** Writes a training's state, whole or not at all, whatever happens to the machine. */
export async function writeCheckpoint({ file, key }: CheckpointFile, state: TrainingState): Promise<void> {
  const handle = await open(unfinished(file), 'w');
  try {
    await handle.writeFile(serialize({ key, version: VERSION, state }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished(file), file);
}

/** The state of a training that depended on the same; undefined where there is none. */
export async function readCheckpoint({ file, key }: CheckpointFile): Promise<TrainingState | undefined> {
  try {
    const found = deserialize(await readFile(file)) as {
      key: string;
      version?: number;
      state: TrainingState;
    };
    return found.key === key && found.version === VERSION ? found.state : undefined;
  } catch {
    // Not there, or written by a Node whose data this one cannot read: training begins again.
    return undefined;
  }
}

/** Removes a training's state, half-written ones too: once its result is recorded, not before. */
export async function removeCheckpoint(file: string): Promise<void> {
  for (const path of [file, unfinished(file)]) await rm(path, { force: true });
}
