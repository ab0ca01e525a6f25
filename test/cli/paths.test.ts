import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathsFor, placeholderOf } from '#src/cli/paths.js';
import { nameOf } from '#src/cli/usage.js';
import { createContext } from '#src/context.js';
import { parseRecipe } from '#src/recipe-file.js';
import { aboSource } from '#src/sources/abo.js';
import { runPipeline } from '#src/steps/pipeline.js';
import { jpeg, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';
import { program, workingCommands } from './command-line.js';

const TYPES = ['CHAIR', 'RUG', 'SHOES'];
const RECIPE = `
name: paths
tasks: { product_type: {} }
deduplicate: { same: [bytes], family: [item], boilerplate: false }
cache: { size: 16 }
model: { network: small-cnn, batchSize: 16, phases: [{ train: all, epochs: 1, learningRate: 0.01 }] }
`;

/** In it: `dump`, `recipe.yaml`, a finished `run`, a `file` and a `folder` with something in it. */
let folder: { path: string; dispose(): Promise<void> };
const at = (...names: string[]) => join(folder.path, ...names);
const here = (...words: string[]) => pipeline(words, { cwd: folder.path });

beforeAll(async () => {
  folder = await temporaryFolder('paths');
  const ids = Array.from({ length: 30 }, (_, index) => `i${index}`);
  await writeDump(at('dump'), {
    shards: { 'listings_0.json': ids.map((id, index) => listing(id, TYPES[index % 3], id)) },
    images: await Promise.all(ids.map(async (id, index) => ({ id, bytes: await jpeg(index) }))),
  });
  await writeFile(at('recipe.yaml'), RECIPE);
  await writeFile(at('file'), '');
  await mkdir(at('folder'));
  await writeFile(at('folder/kept.txt'), 'kept');
  await mkdir(at('folder.csv'));
  await runPipeline({
    recipe: parseRecipe(RECIPE),
    source: await aboSource({ dir: at('dump') }),
    given: new Map(),
    weights: new Map(),
    out: at('run'),
    backend: 'wasm',
    until: 'evaluate',
    context: createContext({ workers: 1 }, { seed: 1 }),
  });
}, 300_000);
afterAll(() => folder.dispose());

/** A stable code, what was expected, and something to do about it. */
function expectRefused(stderr: string, code: string, message: string) {
  const [first, ...more] = stderr.trim().split('\n');
  expect(first).toContain(`${code}: `);
  expect(first).toContain(message);
  expect(more.filter((line) => !line.startsWith('  because: '))).toEqual([expect.stringMatching(/^ {2}\S/)]);
  expect(stderr).not.toMatch(/INTERNAL|has the options/);
}

describe('a file where a folder is wanted', () => {
  const run = 'Expected a run folder but file has no manifest';
  it.each([
    [['verify', 'file'], 'USAGE', run],
    [['why', 'file', 'i1'], 'USAGE', run],
    [['compare', 'run', 'file'], 'USAGE', run],
    [['clean', 'file'], 'USAGE', run],
    [['advise', 'file'], 'USAGE', run],
    [['predict', '--model', 'file', 'x.jpg'], 'NOT_FOUND', 'Expected a model in file but found none'],
    [['similar', '--model', 'file', 'x.jpg'], 'NOT_FOUND', 'Expected a gallery of a model’s photos'],
    [['serve', '--model', 'file', '--port', '0'], 'NOT_FOUND', 'Expected a model in file but found none'],
  ])('%j', async (words, code, message) => {
    const { code: status, stderr } = await here(...words);
    expect(status).toBe(code === 'USAGE' ? 2 : 1);
    expectRefused(stderr, code, message);
  });
});

/** Commands that write a file, without the value of their last option. */
const WRITERS: Record<string, readonly string[]> = {
  explore: ['explore', '--source', 'dump', '-q', '--out'],
  predict: [
    'predict',
    '--model',
    'run',
    '--source',
    'dump',
    '--precision',
    '0',
    '--reject',
    '0',
    '-q',
    '--out',
  ],
  tree: ['tree', '--recipe', 'recipe.yaml', '--source', 'dump', '-q', '--max-bad', '1', '--out'],
  preview: ['preview', '--recipe', 'recipe.yaml', '--cache', 'run', '--out'],
  parse: ['parse', '-q', '--ledger'],
};
const IN_THE_WAY = 'Expected a folder to write to at file but a file is in its place';

describe('an output', () => {
  it.each([
    ['explore', 'x.html'],
    ['predict', 'p.csv'],
    ['preview', 'x.png'],
    ['parse', 'ledger.jsonl.gz'],
  ])('of %s gets the folders that %s lies in', async (name, file) => {
    const out = join('made', name, file);
    const { code, stderr } = await here(...WRITERS[name]!, out);
    expect([code, stderr.replace(/^warning: .*\n|^The recipe augments nothing.\n/gm, '')]).toEqual([0, '']);
    expect((await readdir(at('made', name))).filter((entry) => entry.endsWith('.unfinished'))).toEqual([]);
    expect((await readFile(at(out))).length).toBeGreaterThan(0);
  });

  it.each([
    ['explore', 'file/x.html', IN_THE_WAY],
    ['explore', 'folder', 'Expected a file to write at folder but a folder is in its place'],
    ['predict', 'file/p.csv', IN_THE_WAY],
    ['predict', 'folder.csv', 'but a folder is in its place'],
    ['tree', 'file/x.yaml', IN_THE_WAY],
    ['preview', 'file/x.png', IN_THE_WAY],
    ['preview', 'folder', 'but a folder is in its place'],
    ['parse', 'file/x.gz', IN_THE_WAY],
    ['parse', 'folder', 'but a folder is in its place'],
  ])('of %s that cannot be %s is refused', async (name, out, message) => {
    const { code, stdout, stderr } = await here(...WRITERS[name]!, out);
    expect([code, stdout]).toEqual([2, '']);
    expectRefused(stderr, 'USAGE', message);
  });

  it.each([
    ['run', ['run', '--recipe', 'recipe.yaml', '--source', 'dump', '--out', 'file']],
    ['synth', ['synth', '--listings', '10', '--out', 'file/x']],
    ['fetch abo', ['fetch', 'abo', '--from', 'http://localhost:1', '--out', 'file']],
  ])('of %s has a file in its way: %j', async (_, words) => {
    const { code, stderr } = await here(...words);
    expect(code).toBe(2);
    expectRefused(stderr, 'USAGE', 'Expected a folder to write to at');
  });

  it('leaves a device what it is', async () => {
    const { code, stdout } = await here(...WRITERS['explore']!, '/dev/null');
    expect([code, stdout === '']).toEqual([0, false]);
    expect((await here(...WRITERS['parse']!, '/dev/null')).code).toBe(0);
    expect(await readFile('/dev/null', 'utf8')).toBe('');
  });
});

describe('an empty path', () => {
  const words = (declared: Option | Argument, value: string): string[] =>
    'flags' in declared ? [declared.long!, value] : [value];

  /** The command, given what it must have, and of one option or argument a value. */
  function line(command: Command, chosen: Option | Argument, value: string): string[] {
    const some = (one: Option | Argument) =>
      words(one, one === chosen ? value : (one.argChoices?.[0] ?? '1'));
    const options = command.options.filter((option) => option.mandatory || option === chosen);
    const given = command.registeredArguments.filter((one) => one.required || one === chosen);
    return [...nameOf(command).split(' ').slice(1), ...options.flatMap(some), '--', ...given.flatMap(some)];
  }

  it('is refused by every option and argument that takes a path', async () => {
    let seen = 0;
    for (const command of workingCommands(await program())) {
      for (const declared of [...command.options, ...command.registeredArguments]) {
        const placeholder = placeholderOf(declared);
        if (pathsFor(placeholder) === 'none') continue;
        const empty = placeholder.includes('=]') ? ['', 'name='] : [''];
        for (const value of empty) {
          const given = line(command, declared, value);
          const name = 'flags' in declared ? declared.flags : `<${placeholder}>`;
          await expect(
            (await program()).parseAsync(given, { from: 'user' }),
            given.join(' '),
          ).rejects.toThrow(`Expected a path for ${name} but received "${value}"`);
          seen += 1;
        }
      }
    }
    expect(seen).toBeGreaterThan(50);
  });

  it('ends with status 2, and nothing is written', async () => {
    const before = await readdir(folder.path);
    const out = ['--recipe', 'recipe.yaml', '--source', 'dump', '--out', ''];
    const { code, stderr } = await here('curate', ...out);
    expect(code).toBe(2);
    expectRefused(stderr, 'USAGE', 'Expected a path for --out <run> but received ""');
    expect(await readdir(folder.path)).toEqual(before);
  });
});
