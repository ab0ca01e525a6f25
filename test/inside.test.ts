import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lookInside, staysInside } from '#src/inside.js';
import { imagesInFolder } from '#src/sources/images-root.js';
import { readSamples } from '#src/stages/read-samples.js';
import { runOver, testContext } from './context.js';
import { temporaryFolder } from './fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('inside');
  await mkdir(join(folder.path, 'small/aa'), { recursive: true });
  await writeFile(join(folder.path, 'small/aa/a.jpg'), 'a');
  await writeFile(join(folder.path, 'secret.jpg'), 's');
  await symlink('../../secret.jpg', join(folder.path, 'small/aa/link.jpg'));
});
afterAll(() => folder.dispose());

it.each([
  ['aa/a.jpg', 'there'],
  ['./aa/../aa/a.jpg', 'there'],
  ['aa/gone.jpg', 'file-missing'],
  ['aa/link.jpg', 'path-outside'],
  ['../secret.jpg', 'path-outside'],
  ['/etc/passwd', 'path-outside'],
  ['.', 'path-outside'],
])('%s is %s', async (path, expected) => {
  const root = join(folder.path, 'small');
  expect(await lookInside(root, path)).toBe(expected);
  expect(staysInside(root, path)).toBe(expected !== 'path-outside' || path === 'aa/link.jpg');
});

it('given samples cannot name one photo twice by other spellings, leave the folder, or lack a label', async () => {
  const context = testContext({ maxBad: 1 });
  const row = (path: string, label = 'L') => ({
    text: JSON.stringify({ path, label, split: 'train', component: 'k' }),
    line: 1,
  });
  const rows = [
    row('aa/a.jpg'),
    row('./aa/a.jpg'),
    row('aa//a.jpg'),
    row('aa/link.jpg'),
    row('aa/a.jpg', ' '),
  ];
  const stage = readSamples({ task: 't', imagesRoot: imagesInFolder(join(folder.path, 'small')) });
  expect((await runOver(stage, rows, context)).map(({ path }) => path)).toEqual(['aa/a.jpg']);
  expect(context.entries.map(({ reason }) => reason)).toEqual([
    'path-twice',
    'path-twice',
    'invalid-sample',
    'invalid-sample',
  ]);
});
