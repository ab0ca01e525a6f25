import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterEpoch, learningRateAt, type ScheduleState, startSchedule } from '#src/models/schedule.js';
import type { PhaseRecipe } from '#src/recipe.js';
import { golden, hasShared } from './goldens.js';

interface Golden {
  valLoss: number[];
  learningRateAfterEpoch: number[];
}

type Schedule = NonNullable<PhaseRecipe['schedule']>;

const PLATEAU = {
  kind: 'plateau',
  factor: 0.1,
  patience: 10,
  minDelta: 1e-4,
  cooldown: 0,
  minimum: 0,
} as const;
const phase = (schedule: Schedule, learningRate = 1, epochs = 10): PhaseRecipe => ({
  train: 'head',
  epochs,
  optimizer: 'sgd',
  learningRate,
  schedule,
});

/** The learning rate after each epoch. */
function rates(schedule: Schedule, losses: readonly number[], learningRate = 1): number[] {
  const own = phase(schedule, learningRate);
  let state: ScheduleState = startSchedule(own);
  return losses.map((loss) => {
    state = afterEpoch(own, state, loss);
    return state.learningRate;
  });
}

describe.skipIf(!hasShared('goldens/schedules.json.gz'))('as Keras’s', () => {
  it.each([
    ['reduceOnPlateau factor 0.5 patience 2 minDelta 0', { factor: 0.5, patience: 2, minDelta: 0 }],
    [
      'reduceOnPlateau factor 0.1 patience 3 cooldown 2 minDelta 0.02',
      { factor: 0.1, patience: 3, cooldown: 2, minDelta: 0.02 },
    ],
  ])('%s', (name, options) => {
    const { valLoss, learningRateAfterEpoch } = golden<Record<string, Golden>>('schedules.json.gz')[name]!;
    const found = rates({ ...PLATEAU, ...options }, valLoss);
    expect(found).toHaveLength(learningRateAfterEpoch.length);
    for (const [epoch, rate] of learningRateAfterEpoch.entries()) {
      expect(Math.abs(found[epoch]! / rate - 1), `after epoch ${epoch}`).toBeLessThan(1e-7);
    }
  });

  it('cosine with warm-up', () => {
    const expected =
      golden<Record<string, number[]>>('schedules.json.gz')['cosine: 0 to 0.01 in 10 steps, to 1e-4 in 90']!;
    const own = phase({ kind: 'cosine', warmup: { steps: 10 }, minimum: 1e-4 }, 0.01);
    for (const [step, rate] of expected.entries()) {
      // 100 steps in 10 epochs; Keras was asked beyond them.
      const found = learningRateAt(own, startSchedule(own), step, 10);
      expect(Math.abs(found - rate), `step ${step}`).toBeLessThan(1e-7);
    }
  });
});

describe('learningRateAt', () => {
  it('is the learning rate where there is no schedule', () => {
    const { schedule: _, ...own } = phase({ kind: 'constant' }, 0.3);
    for (const step of [0, 1, 99]) expect(learningRateAt(own, startSchedule(own), step, 10)).toBe(0.3);
  });

  it('warms up over epochs, then stays', () => {
    const own = phase({ kind: 'constant', warmup: { epochs: 1.5 } }, 3);
    const found = [0, 1, 3, 5, 6, 7, 40].map((step) => learningRateAt(own, startSchedule(own), step, 4));
    expect(found).toEqual([0, 0.5, 1.5, 2.5, 3, 3, 3]);
  });

  it('warms up to what a plateau has left of it', () => {
    const own = phase({ ...PLATEAU, warmup: { steps: 4 } }, 1);
    const state = { ...startSchedule(own), learningRate: 0.5 };
    expect([0, 2, 4, 9].map((step) => learningRateAt(own, state, step, 4))).toEqual([0, 0.25, 0.5, 0.5]);
  });

  it('of a cosine falls from the learning rate to the minimum, and never below it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 5 }),
        (epochs, stepsAnEpoch, warm) => {
          const own = phase(
            { kind: 'cosine', minimum: 0.1, ...(warm > 0 && { warmup: { steps: warm } }) },
            2,
            epochs,
          );
          const total = epochs * stepsAnEpoch;
          const found = Array.from({ length: total + 3 }, (_, step) =>
            learningRateAt(own, startSchedule(own), step, stepsAnEpoch),
          );
          const falling = found.slice(warm);
          for (const [at, rate] of falling.entries()) {
            expect(rate).toBeGreaterThanOrEqual(0.1);
            expect(rate).toBeLessThanOrEqual(falling[at - 1] ?? 2);
          }
          if (warm < total) {
            expect(found[warm]).toBe(2);
            expect(found[total]).toBeCloseTo(0.1, 12);
          }
        },
      ),
    );
  });
});

describe('afterEpoch', () => {
  it('goes no lower than the minimum', () => {
    const schedule = { ...PLATEAU, patience: 1, minimum: 0.02 };
    expect(rates(schedule, [1, 1, 1, 1])).toEqual([1, 0.1, 0.02, 0.02]);
  });

  it('leaves other schedules alone, and every one where there is no validation loss', () => {
    const cosine = phase({ kind: 'cosine', minimum: 0 });
    const state = startSchedule(cosine);
    expect(afterEpoch(cosine, state, 3)).toBe(state);
    const plateau = phase({ ...PLATEAU, patience: 1 });
    expect(afterEpoch(plateau, state, undefined)).toBe(state);
  });

  it('goes on from a state that was kept as it would have gone on', () => {
    const losses = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(losses, fc.nat(29), (all, cut) => {
        const schedule = { ...PLATEAU, factor: 0.5, patience: 2, cooldown: 1 };
        const own = phase(schedule);
        const first = all.slice(0, cut).reduce((s, loss) => afterEpoch(own, s, loss), startSchedule(own));
        const kept = structuredClone(first);
        const last = all.slice(cut).reduce((s, loss) => afterEpoch(own, s, loss), kept);
        expect(last.learningRate).toBe(rates(schedule, all).at(-1));
      }),
    );
  });
});
