import { describe, expect, it } from 'vitest';
import { betaShare, lowerBound } from '#src/predict/binomial.js';
import { type Outcome, thresholdFor } from '#src/predict/precision.js';
import { uniform } from '#src/random.js';

describe('the lower bound of a share', () => {
  it('is Clopper and Pearson’s', () => {
    // Where all are right it is (1 − confidence)^(1/n); others by R: binom.test(x, n, alternative = "greater").
    expect(lowerBound(59, 59, 0.95)).toBeCloseTo(0.05 ** (1 / 59), 9);
    expect(lowerBound(5, 10, 0.95)).toBeCloseTo(0.2224411, 6);
    expect(lowerBound(1, 20, 0.95)).toBeCloseTo(1 - 0.95 ** (1 / 20), 9);
    expect(lowerBound(0, 10, 0.95)).toBe(0);
    expect(betaShare(0.5, 3, 3)).toBeCloseTo(0.5, 12);
  });

  it('is below the true share as often as it says', () => {
    const draws = 2000;
    let below = 0;
    for (let draw = 0; draw < draws; draw++) {
      const hits = Array.from({ length: 60 }, (_, trial) => uniform('share', draw, trial)).filter(
        (value) => value < 0.9,
      ).length;
      if (lowerBound(hits, 60, 0.95) <= 0.9) below += 1;
    }
    expect(below / draws).toBeGreaterThanOrEqual(0.95);
  });
});

describe('the threshold of a wanted precision', () => {
  /** Right as often as the confidence says, each photo a component of its own, or several photos one. */
  const outcomes = (count: number, photosAComponent = 1): Outcome[] =>
    Array.from({ length: count }, (_, index) => {
      const component = Math.floor(index / photosAComponent);
      const confidence = uniform('confidence', component);
      return { confidence, right: uniform('right', component) < confidence, component: String(component) };
    });

  it('gives as much as it can while the bound holds', () => {
    const all = outcomes(4000);
    const threshold = thresholdFor(all, 0.9)!;
    const given = all.filter(({ confidence }) => confidence >= threshold.confidence);
    expect(given.length / all.length).toBe(threshold.given);
    expect(given.filter(({ right }) => right).length / given.length).toBe(threshold.precision);
    expect(threshold.atLeast).toBeGreaterThanOrEqual(0.9);
    // Above 0.8 they are right in nine of ten cases.
    expect(threshold.confidence).toBeGreaterThan(0.8);
    expect(threshold.confidence).toBeLessThan(0.87);
    expect(thresholdFor(all, 0.94)!.confidence).toBeGreaterThan(threshold.confidence);
    expect(thresholdFor(all, 0)!.given).toBe(1);
  });

  it('says nothing of too few, and counts photos of one component as one', () => {
    const right = (count: number, components: number): Outcome[] =>
      Array.from({ length: count }, (_, index) => ({
        confidence: 0.9,
        right: true,
        component: String(index % components),
      }));
    expect(thresholdFor([], 0.5)).toBeUndefined();
    expect(thresholdFor(right(58, 58), 0.95)).toBeUndefined();
    expect(thresholdFor(right(59, 59), 0.95)).toMatchObject({ confidence: 0.9, given: 1, precision: 1 });
    expect(thresholdFor(right(590, 58), 0.95)).toBeUndefined();
    expect(thresholdFor(right(590, 59), 0.95)).toBeDefined();
    expect(thresholdFor(outcomes(4000), 0.9)!.confidence).toBeLessThan(
      thresholdFor(outcomes(4000, 10), 0.9)?.confidence ?? 1,
    );
  });
});
