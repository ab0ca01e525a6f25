import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from '#src/edit-distance.js';

it.each([
  ['kitten', 'sitting', 9, 3],
  ['ABC', 'abc', 9, 0],
  ['', 'abc', 9, 3],
  ['abcdef', 'uvwxyz', 2, 3],
  ['rnu', 'run', 9, 1],
  ['recpie', 'recipe', 1, 1],
  ['abcd', 'badc', 9, 2],
])('editDistance: %s and %s', (a, b, most, distance) => {
  expect(editDistance(a, b, most)).toBe(distance);
});

describe('nearest', () => {
  const names = ['run', 'curate', 'cache', 'train', 'tree'];
  it.each([
    ['rnu', 'run'],
    ['chache', 'cache'],
    ['Train', 'train'],
    ['trian', 'train'],
    ['nonsense', undefined],
    ['', undefined],
  ])('of %j is %j', (word, name) => {
    expect(nearest(word, names)).toBe(name);
  });

  it('is asked about as people are asked, or not at all', () => {
    expect(didYouMean('rnu', names)).toBe('Did you mean run?');
    expect(didYouMean('nonsense', names)).toBe('');
  });
});
