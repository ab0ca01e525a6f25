import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, likely, meant, nearest } from '#src/edit-distance.js';

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

describe('beginnings', () => {
  const names = ['explore', 'explode', 'export', 'evaluate', 'vgg16', '--help', '--recipe'];
  it.each([
    ['eval', ['evaluate']],
    ['EVAL', ['evaluate']],
    ['expl', ['explore', 'explode']],
    ['exp', ['explore', 'explode', 'export']],
    ['--rec', ['--recipe']],
    // A slip is likelier than a beginning of something else.
    ['explor', ['explore']],
    ['e', ['explore', 'explode', 'export', 'evaluate']],
    ['--', []],
    ['', []],
  ])('%j may be %j', (word, found) => {
    expect(likely(word, names)).toEqual(found);
  });

  it('of many names are of none', () => {
    expect(likely('a', ['abcd', 'abce', 'abcf', 'abcg', 'abch'])).toEqual([]);
  });

  it('of any name that no other is near or begins alike is that name', () => {
    const name = fc.stringMatching(/^[a-z]{6,12}$/);
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 6 }), (whole, length) => {
        expect(likely(whole.slice(0, length), [whole, `-${whole}`])).toEqual([whole]);
      }),
    );
  });

  it('are asked about with all names that they may be', () => {
    expect(didYouMean('exp', names)).toBe('Did you mean explore, explode or export?');
    expect(meant('expl', names)).toBe('; did you mean "explore" or "explode"?');
    expect(meant('vgg', names)).toBe('; did you mean "vgg16"?');
  });
});
