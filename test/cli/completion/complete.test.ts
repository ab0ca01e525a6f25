import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { complete } from '#src/cli/completion/complete.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';
import { program } from '../command-line.js';

const RECIPES = join(fileURLToPath(new URL('../../..', import.meta.url)), 'recipes');
const DEMO = join(RECIPES, 'demo.yaml');
const THREE_TASKS = join(RECIPES, 'three-tasks.yaml');

const valuesFor = async (...words: string[]) =>
  (await complete(await program(), words)).candidates.map(({ value }) => value);
const pathsFor = async (...words: string[]) => (await complete(await program(), words)).paths;

describe('complete', () => {
  it.each<[string[], string[]]>([
    [['cur'], ['curate']],
    [['comp'], ['compare', 'completion']],
    [['backend', 'i'], ['install']],
    [['fetch', 'weights', 'v'], ['vgg16']],
    // The last argument is one of many; where none is left, options may come.
    [['fetch', 'weights', 'vgg16', 'r'], ['resnet50']],
    [
      ['schema', ''],
      ['--json', '--help'],
    ],
    [['run', '--rec'], ['--recipe']],
    [
      ['train', '--backend', 'w'],
      ['webgpu', 'wasm'],
    ],
    [
      ['train', '--backend=w'],
      ['--backend=webgpu', '--backend=wasm'],
    ],
    [['train', '-q', '--backend', 'cp'], ['cpu']],
    [['label', '--drop', 'a', 'b', '--lev'], ['--level']],
    [
      ['help', 'fetch', ''],
      ['abo', 'weights'],
    ],
    [['run', '--weights', 'v'], ['vgg16=']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['run', '--', '--rec'], []],
    [['nonsense', '--x'], []],
    [['run', '--nonsense=x'], []],
  ])('%j may become %j', async (words, values) => {
    expect(await valuesFor(...words)).toEqual(values);
  });

  it('lists every command but the one that shells ask', async () => {
    const values = await valuesFor('');
    expect(values).toEqual(expect.arrayContaining(['run', 'help', 'backend', 'completion']));
    expect(values).not.toContain('complete');
  });

  it.each<[string[], string]>([
    [['run', '--recipe', ''], 'files'],
    [['run', '--source', ''], 'files'],
    [['tree', '--source', ''], 'folders'],
    [['run', '--out=x'], 'folders'],
    [['run', '--previous', ''], 'files'],
    [['run', '--samples', ''], 'files'],
    [['run', '--workers', ''], 'none'],
    [['run', '--set', ''], 'none'],
    [['plan', ''], 'files'],
    [['verify', ''], 'folders'],
    [['compare', 'RUN', ''], 'folders'],
    [['why', 'RUN', ''], 'none'],
    [['export', ''], 'folders'],
    [['duplicates', ''], 'folders'],
    [['similar', '--model', 'RUN', ''], 'files'],
    [['similar', '--model', 'RUN', 'photo.jpg', ''], 'files'],
    [['predict', '--model', 'RUN', ''], 'files'],
    [['inspect', 'CACHE', ''], 'none'],
  ])('%j may go on with %s of the disk', async (words, paths) => {
    expect(await pathsFor(...words)).toBe(paths);
  });

  it('knows the keys of a recipe, those that the named one has, and their values', async () => {
    expect(await valuesFor('run', '--set', 'mod')).toEqual(['model.']);
    expect(await valuesFor('run', '--set', 'se')).toEqual(['seed=']);
    expect(await valuesFor('run', '--set', 'tasks.any.min')).toEqual(['tasks.any.minPerClass=']);
    expect(await valuesFor('run', '--recipe', DEMO, '--set', 'tasks.')).toEqual(['tasks.product_type.']);
    expect(await valuesFor('plan', DEMO, '--set', 'model.phases.')).toEqual(['model.phases.0.']);
    expect(await valuesFor('run', '--set', 'model.phases.0.learn')).toEqual(['model.phases.0.learningRate=']);
    expect(await valuesFor('run', '--set', 'views=')).toEqual(['views=all', 'views=main']);
    expect(await valuesFor('run', '--recipe', '/nowhere', '--set', 'tasks.')).toEqual([]);
  });

  it('knows the tasks of the recipe, but those that stand there', async () => {
    expect(await valuesFor('run', '--recipe', THREE_TASKS, '--task', 'c')).toEqual(['color']);
    const more = await valuesFor('run', '--recipe', THREE_TASKS, '--task', 'color,');
    expect(more).toEqual(['color,product_type', 'color,brand']);
    expect(await valuesFor('run', '--recipe', THREE_TASKS, '--samples', 'b')).toEqual(['brand=']);
  });

  it('knows the tasks of a run', async () => {
    const run = await temporaryFolder('complete');
    try {
      await writeFile(join(run.path, 'recipe.json'), JSON.stringify({ tasks: { material: {}, color: {} } }));
      expect(await valuesFor('advise', run.path, '--task', 'c')).toEqual(['color']);
    } finally {
      await run.dispose();
    }
    expect(await valuesFor('advise', '/nowhere', '--task', '')).toEqual([]);
  });
});

it('tells shells what of the disk may come, then a word a line, with what it is', async () => {
  const { code, stdout } = await pipeline(['complete', '--', 'run', '--sou']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^none\n--source\tthe dump’s root[^\n]*\n$/);
});
