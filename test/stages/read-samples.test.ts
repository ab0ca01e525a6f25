import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Sample } from '#src/records.js';
import { imagesInFolder } from '#src/sources/images-root.js';
import { readSamples } from '#src/stages/read-samples.js';
import { validationAsTest } from '#src/steps/given.js';
import { runOver, testContext } from '../context.js';
import { temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('samples');
  await mkdir(join(folder.path, 'aa'));
  for (const name of ['a', 'b', 'c']) await writeFile(join(folder.path, `aa/${name}.jpg`), name);
});
afterAll(() => folder.dispose());

const row = (value: unknown, line: number) => ({ text: JSON.stringify(value), line });
const sample = (path: string, more: object = {}) => ({
  path,
  label: 'L',
  split: 'train',
  component: 'k',
  ...more,
});

it('reads samples with their photos’ sha256, and accounts for every other row', async () => {
  const context = testContext({ maxBad: 1 });
  const rows = [
    row(sample('aa/a.jpg', { component: 17 }), 1),
    row(sample('aa/a.jpg'), 2),
    row(sample('aa/gone.jpg'), 3),
    row(sample('../a.jpg'), 4),
    row(sample('aa/b.jpg', { split: 'holdout' }), 5),
    { text: '{', line: 6 },
    row(sample('aa/b.jpg', { split: 'validation', imageId: 'B' }), 7),
  ];
  const out = await runOver(
    readSamples({ task: 't', imagesRoot: imagesInFolder(folder.path) }),
    rows,
    context,
  );
  expect(out).toMatchObject([
    {
      path: 'aa/a.jpg',
      imageId: 'aa/a.jpg',
      component: '17',
      task: 't',
      // echo -n a | sha256sum
      sha256: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
    },
    { path: 'aa/b.jpg', imageId: 'B', split: 'validation' },
  ]);
  expect(context.entries.map(({ key, fate, reason }) => [key, fate, reason])).toEqual([
    ['samples:2', 'dropped', 'path-twice'],
    ['samples:3', 'dropped', 'file-missing'],
    ['samples:4', 'quarantined', 'invalid-sample'],
    ['samples:5', 'quarantined', 'invalid-sample'],
    ['samples:6', 'quarantined', 'invalid-sample'],
  ]);
});

it('uses a file’s validation as test only where the file has no test', () => {
  const samples = (...splits: Sample['split'][]) => splits.map((split) => ({ split }) as Sample);
  const splits = (some: Sample[]) => some.map(({ split }) => split);
  expect(splits(validationAsTest(samples('train', 'validation')))).toEqual(['train', 'test']);
  expect(splits(validationAsTest(samples('train', 'validation', 'test')))).toEqual([
    'train',
    'validation',
    'test',
  ]);
});

it('takes a role that is one, and passes over what else is called so', async () => {
  const rows = ['main', 'other', 'train', null, undefined].map((role, index) =>
    row(sample(`aa/${'abc'[index % 3]}.jpg`, { role }), index + 1),
  );
  const stage = readSamples({ task: 't', imagesRoot: imagesInFolder(folder.path) });
  const roles = [];
  for (const one of rows) {
    const [read] = await runOver(stage, [one], testContext());
    roles.push(read!.role, Object.hasOwn(read!, 'role'));
  }
  expect(roles).toEqual(['main', true, 'other', true, ...Array(3).fill([undefined, false]).flat()]);
});

it('keeps the path of a sample’s class, whole or not at all', async () => {
  const rows = [
    row(sample('aa/a.jpg', { coarse: 'C', middle: 'M', fine: 'F' }), 1),
    row(sample('aa/b.jpg', { coarse: 'C', fine: 'F' }), 2),
  ];
  const stage = readSamples({ task: 't', imagesRoot: imagesInFolder(folder.path) });
  const [whole, part] = await runOver(stage, rows, testContext());
  expect(whole).toMatchObject({ label: 'L', coarse: 'C', middle: 'M', fine: 'F' });
  expect(part).not.toHaveProperty('coarse');
  expect(part).not.toHaveProperty('fine');
});
