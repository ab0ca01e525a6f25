import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pipeline } from '../fixtures.js';

const DEMO = join(fileURLToPath(new URL('../..', import.meta.url)), 'recipes/demo.yaml');

describe('what is not understood ends with status 2, what was expected, what may have been meant, and where to read on', () => {
  it.each([
    [['rnu'], 'Expected a command but received "rnu"', 'Did you mean run? `pipeline --help` lists'],
    [['nonsense'], 'Expected a command but received "nonsense"', '`pipeline --help` lists'],
    [
      ['backend', 'instal'],
      'Expected a command but received "instal"',
      'Did you mean install? `pipeline backend',
    ],
    [
      // Before the options that are missing for it.
      ['run', '--recpie', 'x'],
      'Expected an option of pipeline run but received "--recpie"',
      'Did you mean --recipe? `pipeline run --help`',
    ],
    [
      ['doctor', '--sceonds=1'],
      'Expected an option of pipeline doctor but received "--sceonds"',
      'Did you mean --seconds?',
    ],
    [['--hlep'], 'Expected an option of pipeline but received "--hlep"', 'Did you mean --help?'],
    [['run', '--hlep'], 'Expected an option of pipeline run but received "--hlep"', 'Did you mean --help?'],
    [['eval'], 'Expected a command but received "eval"', 'Did you mean evaluate?'],
    [['exp'], 'Expected a command but received "exp"', 'Did you mean explore, export or explode?'],
    [
      ['fetch', 'weights', 'vgg'],
      'Expected one of vgg16, resnet50, inception_v3, mobilenet for <network> but received "vgg"',
      'Did you mean vgg16?',
    ],
    [
      ['deduplicate', '--same', 'byte,foo'],
      '--same: Expected one of "bytes", "pixels", "near" but received "byte"; did you mean "bytes"?',
      '--same: Expected one of "bytes", "pixels", "near" but received "foo"',
    ],
    [['run'], 'Expected --recipe <file> and --out <run>', '`pipeline run --help` has'],
    [
      ['run', '--recipe', 'x', '--out'],
      'Expected a value for --out <run> but received nothing',
      '`pipeline run',
    ],
    [
      ['explode', '--views', 'mian'],
      'Expected one of all, main for --views <which> but received "mian"',
      'Did you mean main? `pipeline explode',
    ],
    [
      ['fetch', 'weights', 'vg16'],
      'Expected one of vgg16, resnet50, inception_v3, mobilenet for <network> but received "vg16"',
      'Did you mean vgg16? `pipeline fetch weights',
    ],
    [['inspect'], 'Expected <cache> but received nothing', '`pipeline inspect --help` has'],
    [['inspect', 'a', 'b'], 'Expected at most 1 but received a b', '`pipeline inspect --help` has'],
    [['schema', 'a'], 'Expected no arguments but received a', '`pipeline schema --help` has'],
    [
      ['split', '--test', 'much'],
      'Expected a share in 0..1 for --test but received "much"',
      '`pipeline split --help` has',
    ],
    [
      // A variable of a shell that nobody has set.
      ['serve', '--model', 'x', '--port', ''],
      'Expected a whole number of at least 0 for --port but received ""',
      '`pipeline serve --help` has',
    ],
    [['inspect', '/nowhere'], 'Expected a tensor cache at /nowhere', '`pipeline inspect --help` has'],
  ])('%j', async (words, message, hint) => {
    const { code, stdout, stderr } = await pipeline(words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const [first, second, ...more] = stderr.split('\n');
    expect(first).toBe(`USAGE: ${message}`);
    expect(second?.trim().startsWith(hint), second).toBe(true);
    expect(more.at(-1)).toBe('');
  });
});

it.each([
  ['modle.network=vgg16', 'modle: Expected no such key but received "modle"; did you mean "model"?'],
  [
    'model.phases.0.epcohs=3',
    'model.phases.0.epcohs: Expected no such key but received "epcohs"; did you mean "epochs"?',
  ],
  [
    'tasks.product_type.mergee={}',
    'tasks.product_type.mergee: Expected no such key but received "mergee"; did you mean "merge"?',
  ],
  ['views=mian', 'views: Expected one of "all", "main" but received "mian"; did you mean "main"?'],
  ['cache.size=-1', 'cache.size: Expected at least 8 but received -1'],
])('--set %s is told what may have been meant', async (set, line) => {
  const { code, stderr } = await pipeline(['plan', DEMO, '--set', set]);
  expect(code).toBe(2);
  expect(stderr).toContain(`\n  ${line}\n`);
});

it('--set cannot change what the recipe is laid over, and says so', async () => {
  const { code, stderr } = await pipeline(['plan', DEMO, '--set', 'extends=other.yaml']);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^RECIPE_INVALID: extends: Expected no override of what the recipe is laid over\n {2}Write a recipe that/,
  );
});

it('prints all commands, and fails, where none is named', async () => {
  const { code, stdout, stderr } = await pipeline([]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('Usage: pipeline');
});
