import { expect, it } from 'vitest';
import { broadClasses } from '#src/advise/broad.js';
import type { Confidences } from '#src/advise/confident.js';
import { classesToMerge, type MergeAdvice, mergeRules } from '#src/advise/merges.js';
import { classesBeside, type Neighbours } from '#src/advise/neighbours.js';
import { drawnSide, labelled } from './drawn.js';

const side = drawnSide(labelled(['BOOT', 'PUMP', 'RUG', 'TABLE', 'THING'], 40));
const { labels } = side;
/** Three of ten photos of BOOT are taken for PUMP; all else is recognised. */
const best = labels.map((label, row) => (label === 0 && row % 10 < 3 ? 1 : label));
const confidences: Confidences = {
  best,
  self: new Float64Array(200).fill(0.9),
  margin: new Float64Array(200).fill(0.8),
};
const probabilities = Float64Array.from({ length: 200 * 5 }, (_, at) =>
  at % 5 === best[Math.floor(at / 5)] ? 0.9 : 0.025,
);
/** Beside a photo of THING lies one of each class; beside others three of their own, of BOOT and PUMP one of the other. */
const neighbours: Neighbours = {
  rows: [...labels].map((label) => {
    if (label === 4) return Int32Array.of(0, 40, 80, 120, 160);
    return label < 2 ? Int32Array.of(40 * label, 1, 40 * (1 - label)) : Int32Array.of(40 * label);
  }),
  asked: new Int32Array(200),
};
const beside = classesBeside(neighbours, { labels, classes: 5 });

it('merges what is confused and lies among each other, the smaller into the larger', () => {
  const [advice, ...more] = classesToMerge(side, { probabilities, confidences, beside });
  expect(more).toEqual([]);
  expect(advice).toMatchObject({ from: 'BOOT', into: 'PUMP', photos: 80, confused: 12, share: 0.15 });
  expect(advice!.leastShare).toBeGreaterThan(0.08);
  expect(advice!.leastShare).toBeLessThan(0.15);
  expect(advice!.examples).toHaveLength(4);
  expect(advice!.examples[0]).toMatchObject({ path: 'photo0.jpg', label: 'BOOT', predicted: 'PUMP' });
});

it('merges no classes that are confused but lie apart', () => {
  const apart = classesBeside(
    { ...neighbours, rows: [...labels].map((label) => Int32Array.of(40 * label)) },
    { labels, classes: 5 },
  );
  expect(classesToMerge(side, { probabilities, confidences, beside: apart })).toEqual([]);
});

it('has each label of a chain become the largest of it', () => {
  const pair = (from: string, into: string) => ({ from, into }) as MergeAdvice;
  const sizes = new Map([
    ['A', 1],
    ['B', 2],
    ['C', 3],
    ['D', 1],
    ['E', 1],
  ]);
  expect(mergeRules([pair('A', 'B'), pair('B', 'C'), pair('E', 'D')], sizes)).toEqual({
    A: 'C',
    B: 'C',
    E: 'D',
  });
});

it('calls a class broad that lies among many, with a photo for each', () => {
  const [advice, ...more] = broadClasses(side, { beside, neighbours, confidences });
  expect(more).toEqual([]);
  expect(advice).toMatchObject({ label: 'THING', photos: 40, own: 0.2, recall: 1 });
  expect(advice!.classes).toBeCloseTo(5, 10);
  expect(advice!.among.map(({ label }) => label)).toEqual(['BOOT', 'PUMP', 'RUG', 'TABLE']);
  expect(advice!.among[0]!.path).toBe('photo160.jpg');
});
