import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { upperLevels } from '#src/models/levels.js';
import { leastDistanceClasses, treeDistance, treeResult } from '#src/models/tree-metrics.js';
import type { Sample } from '#src/records.js';

/** Two coarse groups; middle groups of two, one and one classes. */
const LEVELS = [
  { level: 'coarse' as const, classes: ['x', 'y'], of: [0, 0, 0, 1] },
  { level: 'middle' as const, classes: ['p', 'q', 'r'], of: [0, 0, 1, 2] },
];

describe('upperLevels', () => {
  const sample = (coarse: string, middle: string, fine: string, label = fine) =>
    ({ coarse, middle, fine, label }) as Sample;

  it('finds the groups above classes, sorted, and each class’s place', () => {
    const samples = [
      sample('y', 'r', 'd'),
      sample('x', 'p', 'b'),
      sample('x', 'q', 'c'),
      sample('x', 'p', 'a'),
    ];
    expect(upperLevels(samples, ['a', 'b', 'c', 'd'])).toEqual(LEVELS);
  });

  it('finds those above a task’s own level alone, and none without a tree', () => {
    const samples = [sample('y', 'r', 'd', 'r'), sample('x', 'p', 'b', 'p'), sample('x', 'q', 'c', 'q')];
    expect(upperLevels(samples, ['p', 'q', 'r'])).toEqual([
      { level: 'coarse', classes: ['x', 'y'], of: [0, 0, 1] },
    ]);
    expect(upperLevels([{ label: 'a' }, { label: 'b' }] as Sample[], ['a', 'b'])).toEqual([]);
  });
});

describe('treeDistance', () => {
  it('counts edges up to the lowest common ancestor', () => {
    const distances = [0, 1, 2, 3].map((other) => treeDistance(0, other, LEVELS));
    expect(distances).toEqual([0, 1, 2, 3]);
  });
});

describe('treeResult', () => {
  it('scores classes, groups and branches', () => {
    const rows = [
      [0.7, 0.1, 0.1, 0.1],
      [0.6, 0.3, 0.1, 0],
      [0.1, 0.1, 0.2, 0.6],
      [0.1, 0.1, 0.1, 0.7],
    ];
    const labels = [0, 1, 2, 3];
    const branches = [{ level: 'coarse' as const, scores: [2, 1, 1, 2, 2, 1, 1, 2] }];
    const found = treeResult({ classes: 4, labels, probabilities: rows.flat() }, LEVELS, branches);
    expect(found).toMatchObject({
      levels: 3,
      accuracy: 0.5,
      levelAccuracy: { coarse: 0.75, middle: 0.75 },
      distance: (0 + 1 + 3 + 0) / 4,
      mistakeDistance: 2,
      mistakesByDistance: [1, 0, 1],
      branchAccuracy: { coarse: 0.75 },
    });
  });

  it('takes the class in the likelier group where that is nearer on average', () => {
    // 0.35 + 0.3 in one middle group outweigh 0.35 alone in another half of the tree.
    const predictions = { classes: 4, labels: [0], probabilities: [0.33, 0.32, 0, 0.35] };
    expect([...leastDistanceClasses(predictions, LEVELS)]).toEqual([0]);
    expect(treeResult(predictions, LEVELS, [])).toMatchObject({
      accuracy: 0,
      leastDistance: { accuracy: 1, distance: 0 },
    });
  });

  it('takes the class whose expected distance, summed over all classes, is least', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(weights, (row) => {
        const total = row.reduce((sum, one) => sum + one, 0) || 1;
        const probabilities = row.map((one) => one / total);
        const expected = [0, 1, 2, 3].map((k) =>
          probabilities.reduce((sum, p, other) => sum + p * treeDistance(k, other, LEVELS), 0),
        );
        const [found] = leastDistanceClasses({ classes: 4, labels: [0], probabilities }, LEVELS);
        expect(expected[found!]).toBeLessThan(Math.min(...expected) + 1e-12);
      }),
    );
  });
});
