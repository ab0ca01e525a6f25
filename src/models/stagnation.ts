import { PipelineError } from '../errors.js';
import type { ModelRecipe } from '../recipe.js';
import type { EpochRecord } from '../results.js';
import type { Network } from './networks/network.js';
import { weightsAt } from './objectives.js';
import { trainedOf } from './phases.js';

/** Epochs that training may take to beat a guess, unless the recipe says otherwise. */
export const STAGNATION_EPOCHS = 5;
/** A loss that is not below this share of a guess's is no better than one. */
const NEAR = 0.98;
/** A loss that is below this share of what it was so many epochs before is on its way. */
const FALLING = 0.99;

/**
 * Nats that one loses who knows of the photos nothing but how often each class comes: the entropy of the classes.
 * @param counts photos of each class, not all 0
 */
export function guessLoss(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce(
    (sum, count) => sum - (count === 0 ? 0 : (count / total) * Math.log(count / total)),
    0,
  );
}

/**
 * Whether training has learnt nothing: after so many epochs in which its classes counted in the loss, the train side's
 * loss, in inference mode, was never below what a guess by the classes' shares loses, and is not falling; nor was that of the
 * batches, which falls long before it where batch norms have had few steps to learn their averages.
 * @param guess as `guessLoss` gives it
 */
export function isStagnant(
  history: readonly EpochRecord[],
  { model, guess }: { model: Pick<ModelRecipe, 'stagnation' | 'lossWeights'>; guess: number },
): boolean {
  const { stagnation = STAGNATION_EPOCHS } = model;
  if (stagnation === false) return false;
  const counted = history.filter(({ epoch }) => (weightsAt(model.lossWeights, epoch)?.at(-1) ?? 1) > 0);
  if (counted.length < stagnation) return false;
  if (counted.some(({ loss, trainLoss }) => Math.min(loss, trainLoss) < NEAR * guess)) return false;
  const [first, last] = [counted.at(-stagnation)!, counted.at(-1)!];
  return last === first || last.trainLoss >= FALLING * first.trainLoss;
}

/** What training that learnt nothing ends with: its likely causes, as far as the recipe and the history tell. */
export function stagnationError(
  history: readonly EpochRecord[],
  options: { task: string; model: ModelRecipe; network: Network; guess: number; faithful?: boolean },
): PipelineError {
  const { task, guess } = options;
  const { trainLoss } = history.at(-1)!;
  return new PipelineError(
    'TRAINING_STAGNATED',
    `Expected the training loss to fall below a guess’s, ${guess.toFixed(3)}, within ${history.length} epochs but it is ${trainLoss.toFixed(3)}`,
    {
      stage: 'train',
      key: task,
      hint: `${causesOf(history, options).join('; ')}. \`pipeline train --check\` looks closer; model.stagnation: false trains on.`,
    },
  );
}

function causesOf(
  history: readonly EpochRecord[],
  options: { model: ModelRecipe; network: Network; faithful?: boolean },
): string[] {
  const { model, network, faithful } = options;
  const losses = history.map(({ trainLoss }) => trainLoss);
  const spread = Math.max(...losses) - Math.min(...losses);
  const causes: string[] = [];
  const idle = model.phases.filter(
    (phase) =>
      phase.train !== 'head' && trainedOf(network, phase, { faithful: faithful === true }).length === 0,
  );
  if (idle.length > 0) causes.push('a phase unfreezes no layer that has weights');
  if (model.preprocessing !== undefined)
    causes.push(`preprocessing ${model.preprocessing} may not be what the weights were trained with`);
  causes.push(
    spread < 1e-3 * losses[0]!
      ? 'the loss hardly changes: the learning rate may be too low, or units are dead after a rate that was too high'
      : 'the loss jumps: the learning rate may be too high',
  );
  return causes;
}
