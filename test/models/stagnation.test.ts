import { describe, expect, it } from 'vitest';
import { networks } from '#src/models/networks/index.js';
import { guessLoss, isStagnant, stagnationError } from '#src/models/stagnation.js';
import type { ModelRecipe } from '#src/recipe.js';
import type { EpochRecord } from '#src/results.js';

const history = (...losses: number[]): EpochRecord[] =>
  losses.map((trainLoss, index) => ({
    phase: 'all',
    epoch: index + 1,
    learningRate: 1,
    loss: trainLoss,
    accuracy: 0,
    trainLoss,
    trainAccuracy: 0,
    trainPhotos: 1,
    seconds: 1,
  }));
const guess = Math.log(4);
const model = {};

describe('guessLoss', () => {
  it('is the logarithm of the classes where these are alike, and less where they are not', () => {
    expect(guessLoss([5, 5, 5, 5])).toBeCloseTo(Math.log(4), 12);
    expect(guessLoss([97, 1, 1, 1])).toBeLessThan(0.2);
    expect(guessLoss([4, 0])).toBe(0);
  });
});

describe('isStagnant', () => {
  it('waits for five epochs, none of which is better than a guess', () => {
    expect(isStagnant(history(1.39, 1.4, 1.38, 1.39), { model, guess })).toBe(false);
    expect(isStagnant(history(1.39, 1.4, 1.38, 1.39, 1.39), { model, guess })).toBe(true);
    // Slow, but on its way.
    expect(isStagnant(history(1.46, 1.44, 1.42, 1.41, 1.4), { model, guess })).toBe(false);
    expect(isStagnant(history(1.39, 1.2, 1.38, 1.39, 1.39, 1.4), { model, guess })).toBe(false);
  });

  it('counts the batches’ losses, too: batch norms need many steps to learn their averages', () => {
    const learning = history(1.39, 1.4, 1.38, 1.39, 1.39).map((one) => ({ ...one, loss: 1 / one.epoch }));
    expect(isStagnant(learning, { model, guess })).toBe(false);
  });

  it('does as the recipe says', () => {
    const flat = history(1.4, 1.4, 1.4, 1.4, 1.4, 1.4);
    expect(isStagnant(flat, { model: { stagnation: false }, guess })).toBe(false);
    expect(isStagnant(flat, { model: { stagnation: 7 }, guess })).toBe(false);
    expect(isStagnant(history(1.4), { model: { stagnation: 1 }, guess })).toBe(true);
  });

  it('does not count epochs in which the classes themselves count nothing', () => {
    const lossWeights = [
      { epochs: 4, weights: [1, 0] },
      { epochs: 1, weights: [0, 1] },
    ];
    expect(isStagnant(history(1.4, 1.4, 1.4, 1.4, 1.4), { model: { lossWeights }, guess })).toBe(false);
  });
});

describe('stagnationError', () => {
  it('names what can be seen', () => {
    const phases: ModelRecipe['phases'] = [
      { train: { last: 20 }, epochs: 5, optimizer: 'adam', learningRate: 1 },
    ];
    const faults: ModelRecipe = {
      network: 'vgg16',
      head: { units: [], dropout: 0, labelSmoothing: 0 },
      batchSize: 8,
      preprocessing: 'scale-255',
      phases,
    };
    const options = { task: 'color', model: faults, network: networks.vgg16, guess, faithful: true };
    const still = stagnationError(history(1.39, 1.39, 1.39), options);
    expect(still.code).toBe('TRAINING_STAGNATED');
    for (const cause of ['unfreezes no layer', 'scale-255', 'too low']) expect(still.hint).toContain(cause);
    expect(stagnationError(history(1.4, 9, 3), options).hint).toContain('too high');
  });
});
