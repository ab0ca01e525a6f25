import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracyInterval, macroF1Interval, meanInterval } from '#src/models/bootstrap.js';
import { confusionMatrix, macroF1 } from '#src/models/metrics.js';

describe('accuracyInterval', () => {
  const drawn = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }).map(String)), {
    minLength: 1,
  });
  const interval = (rows: [boolean, string][], seed = 5) =>
    accuracyInterval(
      rows.map(([correct]) => correct),
      rows.map(([, component]) => component),
      { seed, repetitions: 200 },
    );

  it('depends on the seed and not on the order of the samples', () => {
    fc.assert(
      fc.property(drawn, (rows) => {
        const [low, high] = interval(rows);
        expect(interval([...rows].reverse())).toEqual([low, high]);
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
    const rows = Array.from({ length: 50 }, (_, i): [boolean, string] => [i % 3 > 0, String(i)]);
    expect(interval(rows, 1)).not.toEqual(interval(rows, 2));
  });

  it('is about as wide as the binomial’s where every photo stands alone, and wider where they stand together', () => {
    const alone = Array.from({ length: 400 }, (_, i): [boolean, string] => [i % 5 > 0, String(i)]);
    const [low, high] = interval(alone);
    const half = 1.96 * Math.sqrt((0.8 * 0.2) / 400);
    expect(low).toBeGreaterThan(0.8 - 1.3 * half);
    expect(low).toBeLessThan(0.8 - 0.7 * half);
    expect(high).toBeGreaterThan(0.8 + 0.7 * half);
    expect(high).toBeLessThan(0.8 + 1.3 * half);
    const together = alone.map(([correct], i): [boolean, string] => [correct, String((i % 5) * 8 + (i % 8))]);
    const [lower, higher] = interval(together);
    expect(higher - lower).toBeGreaterThan(1.5 * (high - low));
  });
});

describe('macroF1Interval', () => {
  const rows = Array.from({ length: 240 }, (_, i) => ({
    label: i % 4,
    predicted: i % 7 === 0 ? (i + 1) % 4 : i % 4,
  }));
  const of = (some: typeof rows, seed = 1) =>
    macroF1Interval(
      {
        labels: some.map(({ label }) => label),
        predicted: some.map(({ predicted }) => predicted),
        classes: 5,
      },
      some.map((_, i) => String(i % 60)),
      { seed, repetitions: 300 },
    );

  it('holds the macro-F1 itself, and is that alone where nothing is drawn but one component', () => {
    const probabilities = rows.flatMap(({ predicted }) =>
      Array.from({ length: 5 }, (_, k) => Number(k === predicted)),
    );
    const whole = macroF1(
      confusionMatrix({ classes: 5, labels: rows.map(({ label }) => label), probabilities }),
    );
    const [low, high] = of(rows);
    expect(low).toBeLessThan(whole);
    expect(high).toBeGreaterThan(whole);
    const alone = macroF1Interval(
      {
        labels: rows.map(({ label }) => label),
        predicted: rows.map(({ predicted }) => predicted),
        classes: 5,
      },
      rows.map(() => 'one'),
      { seed: 1, repetitions: 20 },
    );
    expect(alone[0]).toBeCloseTo(whole, 12);
    expect(alone[1]).toBeCloseTo(whole, 12);
  });
});

it('a mean’s interval of differences is narrower than that of either where both models err alike', () => {
  const right = Array.from({ length: 300 }, (_, i) => Number(i % 3 > 0));
  const better = right.map((hit, i) => (i % 30 === 0 ? 1 : hit));
  const components = right.map((_, i) => String(i));
  const width = (values: number[]) => {
    const [low, high] = meanInterval(values, components, { seed: 2, repetitions: 300 });
    return high - low;
  };
  const differences = better.map((hit, i) => hit - right[i]!);
  expect(width(differences)).toBeLessThan(width(right) / 2);
  expect(meanInterval([], [], { seed: 1 })).toEqual([0, 0]);
});
