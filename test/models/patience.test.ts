import { describe, expect, it } from 'vitest';
import { type BestOfPhase, isBetter, isOutOfPatience } from '#src/models/patience.js';
import type { PhaseRecipe } from '#src/recipe.js';
import { golden, hasShared } from './goldens.js';

const phase = (patience: number, minDelta?: number): PhaseRecipe => ({
  train: 'head',
  epochs: 99,
  optimizer: 'adam',
  learningRate: 1,
  patience,
  ...(minDelta !== undefined && { minDelta }),
});

/** After how many epochs of these losses a phase ends. */
function epochsOf(own: PhaseRecipe, losses: readonly number[]): number {
  let best: BestOfPhase = { epoch: 0, loss: Number.POSITIVE_INFINITY };
  for (const [index, loss] of losses.entries()) {
    const epoch = index + 1;
    if (isBetter(own, best, loss)) best = { epoch, loss };
    if (isOutOfPatience(own, best, epoch)) return epoch;
  }
  return losses.length;
}

describe.skipIf(!hasShared('goldens/schedules.json.gz'))('as Keras’s', () => {
  it.each([
    ['earlyStopping patience 5', phase(5)],
    ['earlyStopping patience 3 minDelta 0.05', phase(3, 0.05)],
  ])('%s', (name, own) => {
    const { valLoss, stoppedAfterEpoch } =
      golden<Record<string, { valLoss: number[]; stoppedAfterEpoch: number }>>('schedules.json.gz')[name]!;
    // Keras counts from 0.
    expect(epochsOf(own, valLoss)).toBe(stoppedAfterEpoch + 1);
  });
});

it('a loss that is no number is never better', () => {
  expect(epochsOf(phase(2), [1, Number.NaN, Number.NaN])).toBe(3);
  expect(epochsOf(phase(2), [Number.NaN, Number.NaN, 1])).toBe(2);
});
