import { expect, it } from 'vitest';
import { recipePlace } from '#src/recipe-keys.js';

const keysAt = (path: string) => [...recipePlace(path === '' ? [] : path.split('.')).keys.keys()];

it.each([
  ['', ['name', 'tasks', 'model', 'split', 'extends']],
  ['split', ['by', 'method', 'test', 'validation']],
  // Of a task of any name, of a phase of any number, of all kinds of schedule.
  ['tasks.anything', ['cap', 'merge', 'minPerClass']],
  ['model.phases.3', ['epochs', 'optimizer', 'train']],
  ['model.phases.0.schedule', ['kind', 'patience', 'warmup']],
])('knows the keys of %j', (path, keys) => {
  expect(keysAt(path)).toEqual(expect.arrayContaining(keys));
});

it('knows the words of a value that is one of a few, and what keys are for', () => {
  expect(recipePlace(['views']).values).toEqual(['all', 'main']);
  expect(recipePlace(['model', 'phases', 0, 'train']).values).toEqual(['head', 'all']);
  expect(recipePlace(['deduplicate']).keys.get('same')).toMatch(/^Grounds/);
});

it.each(['nowhere', 'split.by.more', 'name'])('knows nothing of %s', (path) => {
  expect(recipePlace(path.split('.'))).toEqual({ keys: new Map(), values: [] });
});
