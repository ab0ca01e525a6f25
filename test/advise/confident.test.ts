import { expect, it } from 'vitest';
import { confidencesOf, confidentJoint } from '#src/advise/confident.js';
import { supportOf } from '#src/advise/support.js';

const labels = Int32Array.of(0, 0, 0, 1, 1);
const probabilities = Float64Array.of(0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7);
const own = { labels, classes: 2 };

it('reads off how sure each label is', () => {
  const { self, margin, best } = confidencesOf(probabilities, own);
  expect([...self]).toEqual([0.9, 0.8, 0.1, 0.8, 0.7]);
  expect([...best]).toEqual([0, 0, 1, 1, 1]);
  expect(margin[2]).toBeCloseTo(-0.8, 12);
  expect(margin[3]).toBeCloseTo(0.6, 12);
});

it('counts photos for classes that are as sure as usual, scaled to the labels', () => {
  // The thresholds are 0.6 and 0.75: the last photo is sure of neither.
  const { counts, noise } = confidentJoint(probabilities, own);
  expect(counts).toEqual([
    [2, 1],
    [0, 2],
  ]);
  expect(noise).toBeCloseTo(0.2, 12);
});

it('doubts a label less where photos that look alike have it, too', () => {
  // Classes 0 and 1 look alike and are told apart wrongly in a third of all photos; class 2 looks like itself alone.
  const rows = [
    ...Array.from({ length: 30 }, (_, at) => ({ label: Number(at % 3 === 0), says: [0.98, 0.01, 0.01] })),
    ...Array.from({ length: 20 }, () => ({ label: 2, says: [0.01, 0.01, 0.98] })),
    { label: 2, says: [0.98, 0.01, 0.01] },
  ];
  const all = { labels: Int32Array.from(rows, ({ label }) => label), classes: 3 };
  const support = supportOf(Float64Array.from(rows.flatMap(({ says }) => says)), all);
  for (let row = 0; row < rows.length; row++) {
    const [a, b, c] = support.subarray(3 * row, 3 * row + 3);
    expect(a! + b! + c!).toBeCloseTo(1, 12);
  }
  const { self } = confidencesOf(support, all);
  // Both have a probability of 0.01; the first is one of many.
  expect(self[0]).toBeGreaterThan(2 * self[50]!);
});
