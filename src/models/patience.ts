import type { PhaseRecipe } from '../recipe.js';

/** A phase's best epoch by validation loss. */
export interface BestOfPhase {
  epoch: number;
  loss: number;
  /** Where the phase is to end with them. */
  weights?: Float32Array[];
}

/** Whether an epoch is better than the best before it, as Keras's `EarlyStopping` decides. */
export function isBetter({ minDelta = 0 }: PhaseRecipe, best: BestOfPhase, loss: number): boolean {
  return loss < best.loss - minDelta;
}

/** Whether a phase ends after an epoch, counted over all phases as the best one is. */
export function isOutOfPatience({ patience }: PhaseRecipe, best: BestOfPhase, epoch: number): boolean {
  return patience !== undefined && epoch - best.epoch >= patience;
}
