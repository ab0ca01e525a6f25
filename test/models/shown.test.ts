import { expect, it } from 'vitest';
import { mistakesOf, rightOf } from '#src/models/shown.js';
import type { ScoredPhoto } from '#src/results.js';

const LEVELS = [{ level: 'coarse' as const, classes: ['x', 'y'], of: [0, 0, 1] }];
const CLASSES = ['a', 'b', 'c'];

let last = 0;
const photo = (label: string, predicted: string, probability: number): ScoredPhoto => {
  last += 1;
  return { imageId: `${last}`, path: `${last}.jpg`, label, predicted, probability };
};

it('keeps the most confident mistakes of all and some of each pair, and how grave they are', () => {
  const many = Array.from({ length: 60 }, (_, index) => photo('a', 'b', 0.99 - index / 1000));
  const few = [photo('a', 'c', 0.4), photo('b', 'a', 0.35), photo('b', 'a', 0.3), photo('b', 'b', 1)];
  const found = mistakesOf([...few, ...many], { classes: CLASSES, levels: LEVELS });
  expect(found.map(({ probability }) => probability)).toEqual([
    ...many.slice(0, 48).map(({ probability }) => probability),
    0.4,
    0.35,
    0.3,
  ]);
  expect(found.slice(47).map(({ distance }) => distance)).toEqual([1, 2, 1, 1]);
  const flat = mistakesOf(few, { classes: CLASSES, levels: [] });
  expect(flat[0]).not.toHaveProperty('distance');
});

it('keeps four of a pair beyond the most confident, and 400 in all', () => {
  const sure = Array.from({ length: 48 }, () => photo('a', 'b', 0.9));
  const rare = Array.from({ length: 10 }, (_, index) => photo('b', 'c', 0.5 - index / 100));
  const found = mistakesOf([...sure, ...rare], { classes: CLASSES, levels: [] });
  expect(found.filter(({ label }) => label === 'b')).toHaveLength(4);
  const classes = Array.from({ length: 30 }, (_, index) => `c${index}`);
  const pairs = classes.flatMap((label) =>
    classes.filter((other) => other !== label).map((other) => photo(label, other, 0.5)),
  );
  expect(mistakesOf(pairs, { classes, levels: [] })).toHaveLength(400);
});

it('keeps what it is most and least sure about of what is right of each class', () => {
  const photos = [
    photo('b', 'b', 0.6),
    photo('a', 'a', 0.5),
    photo('b', 'b', 0.9),
    photo('b', 'b', 0.7),
    photo('b', 'a', 1),
  ];
  expect(rightOf(photos).map(({ label, probability }) => [label, probability])).toEqual([
    ['a', 0.5],
    ['b', 0.9],
    ['b', 0.6],
  ]);
});
