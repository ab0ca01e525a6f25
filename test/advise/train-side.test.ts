import { expect, it } from 'vitest';
import { trainSide } from '#src/advise/train-side.js';

const photo = (label: string, component: string) => ({ imageId: label, path: label, label, component });

it('sorts classes, gathers components and scales vectors to length 1', () => {
  const photos = [photo('B', 'x'), photo('A', 'y'), photo('B', 'x')];
  const side = trainSide(photos, Float32Array.of(3, 4, 0, 0, 0, 2));
  expect(side.classes).toEqual(['A', 'B']);
  expect([...side.labels]).toEqual([1, 0, 1]);
  expect(side.groups).toEqual([[0, 2], [1]]);
  expect(side.length).toBe(2);
  expect([...side.vectors]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0, 0, 1]);
});

it('counts a photo and its mirror image alike, however long their vectors are', () => {
  const side = trainSide([photo('A', 'x')], Float32Array.of(5, 0, 0, 0.1), { mirrored: true });
  expect(side.length).toBe(2);
  expect(side.vectors[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(side.vectors[1]).toBeCloseTo(Math.SQRT1_2, 6);
});
