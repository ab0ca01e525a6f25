import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePair, type ScoredRun } from '#src/compare/pairs.js';

const options = { componentOf: (path: string) => path, seed: 1 };
const runOf = (predictions: ScoredRun['predictions'], more: Partial<ScoredRun> = {}): ScoredRun => ({
  classes: [...new Set(predictions.map(({ label }) => label))],
  merge: {},
  predictions,
  ...more,
});
/** @param answers the likeliest first. */
const said = (path: string, label: string, ...answers: [string, ...string[]]) => ({
  path,
  label,
  predicted: answers[0],
  top: answers.map((answer) => ({ label: answer })),
});

describe('comparePair', () => {
  it('looks at the photos that both scored alone', () => {
    const first = runOf([said('a', 'X', 'X'), said('b', 'Y', 'X'), said('c', 'Y', 'Y')]);
    const second = runOf([said('b', 'Y', 'Y'), said('a', 'X', 'X'), said('d', 'Y', 'X')]);
    expect(comparePair(first, second, options)).toMatchObject({
      photos: 2,
      accuracies: [0.5, 1],
      difference: 0.5,
    });
  });

  it('counts the photos that it leaves out because they have other labels', () => {
    const first = runOf([said('a', 'X', 'X'), said('b', 'Y', 'X'), said('c', 'Y', 'Y')]);
    const second = runOf([said('a', 'X', 'X'), said('b', 'X', 'X'), said('c', 'Y', 'Y')]);
    expect(comparePair(first, second, options)).toMatchObject({ photos: 2, otherLabels: 1 });
  });

  it('makes the finer classes the other’s by its merge, in labels and predictions', () => {
    const fine = runOf([
      said('a', 'BOOT', 'SANDAL'),
      said('b', 'SANDAL', 'CHAIR'),
      said('c', 'CHAIR', 'CHAIR'),
    ]);
    const coarse = runOf(
      [said('a', 'SHOES', 'CHAIR'), said('b', 'SHOES', 'SHOES'), said('c', 'CHAIR', 'CHAIR')],
      {
        merge: { boot: 'SHOES', Sandal: 'SHOES' },
      },
    );
    const expected = { photos: 3, mapped: 'first' as const };
    expect(comparePair(fine, coarse, options)).toMatchObject({ ...expected, accuracies: [2 / 3, 2 / 3] });
    expect(comparePair(coarse, fine, options)).toMatchObject({ ...expected, mapped: 'second' });
  });

  it('lets a run with more classes choose among the other’s, where these are fewer', () => {
    const fine = runOf([
      said('a', 'BOOT', 'LAMP', 'RUG', 'BOOT'),
      said('b', 'RUG', 'LAMP', 'BOOT', 'RUG'),
      said('c', 'LAMP', 'LAMP', 'RUG'),
      said('d', 'RUG', 'LAMP'),
    ]);
    const fewer = runOf([said('a', 'SHOES', 'SHOES'), said('b', 'RUG', 'RUG'), said('d', 'RUG', 'RUG')], {
      merge: { BOOT: 'SHOES' },
    });
    const expected = { photos: 3, otherLabels: 0, mapped: 'first', dropped: ['LAMP'] };
    // Of the first photo the rug comes before the boot; the last has no answer that counts.
    expect(comparePair(fine, fewer, options)).toMatchObject({ ...expected, accuracies: [0, 1] });
    expect(comparePair(fewer, fine, options)).toMatchObject({
      ...expected,
      mapped: 'second',
      accuracies: [1, 0],
    });
    const other = runOf([said('a', 'BOOT', 'LAMP', 'BOOT', 'RUG'), ...fine.predictions.slice(1)]);
    expect(comparePair(other, fewer, options)).toMatchObject({ accuracies: [1 / 3, 1] });
  });

  it('says why runs are not comparable', () => {
    const one = runOf([said('a', 'X', 'X'), said('b', 'Y', 'Y')]);
    expect(comparePair(one, runOf([said('a', 'X', 'X'), said('b', 'Z', 'Y')]), options)).toEqual({
      notComparable: expect.stringContaining('only the first has Y, only the second Z') as string,
    });
    expect(comparePair(one, runOf([said('c', 'X', 'X'), said('d', 'Y', 'Y')]), options)).toEqual({
      notComparable: 'no photo was scored by both',
    });
    expect(comparePair(one, runOf([said('a', 'Y', 'X'), said('b', 'X', 'X')]), options)).toEqual({
      notComparable: 'the 2 photos that both scored have other labels',
    });
  });

  it('is the same with its sides changed, but for the sign', () => {
    const label = fc.constantFrom('A', 'B', 'C');
    const rows = fc.array(fc.tuple(label, label, label), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(rows, (all) => {
        const classes = ['A', 'B', 'C'];
        const first = runOf(
          all.map(([own, guess], at) => said(`${at}`, own, guess)),
          { classes },
        );
        const second = runOf(
          all.map(([own, , guess], at) => said(`${at}`, own, guess)),
          { classes },
        );
        const there = comparePair(first, second, options);
        const back = comparePair(second, first, options);
        if ('notComparable' in there || 'notComparable' in back) throw new Error('comparable');
        expect(there.difference).toBeCloseTo(-back.difference, 12);
        expect(there.interval[0]).toBeCloseTo(-back.interval[1], 12);
        expect(there.interval[0]).toBeLessThanOrEqual(there.difference + 1e-12);
        expect(there.interval[1]).toBeGreaterThanOrEqual(there.difference - 1e-12);
      }),
      { numRuns: 30 },
    );
  });
});
