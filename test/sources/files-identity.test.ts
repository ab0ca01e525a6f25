import { symlinkSync } from 'node:fs';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderIdentity } from '#src/sources/files-identity.js';
import { temporaryFolder } from '../fixtures.js';

const signal = new AbortController().signal;
let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('identity');
});
afterAll(() => folder.dispose());

const TIME = new Date('2020-01-01');

async function write(root: string, name: string, text: string, time = TIME): Promise<void> {
  await mkdir(join(root, name, '..'), { recursive: true });
  await writeFile(join(root, name), text);
  await utimes(join(root, name), time, time);
}

it('changes with every file’s name, size and time, and with nothing else', async () => {
  const root = join(folder.path, 'small');
  const seen = new Set<string>();
  const expectNew = async () => {
    const identity = await folderIdentity(root, signal);
    expect(await folderIdentity(root, signal)).toBe(identity);
    expect(seen.has(identity)).toBe(false);
    seen.add(identity);
    return identity;
  };
  const nothing = await expectNew();
  await write(root, 'aa/a.jpg', 'a');
  const first = await expectNew();
  await write(root, 'ab/b.jpg', 'b');
  await expectNew();
  await write(root, 'ab/b.jpg', 'bb');
  await expectNew();
  await write(root, 'ab/b.jpg', 'cc', new Date('2020-01-02'));
  await expectNew();
  await rename(join(root, 'ab/b.jpg'), join(root, 'ab/c.jpg'));
  await expectNew();
  await symlink('gone', join(root, 'ab/d.jpg'));
  await expectNew();
  await rm(join(root, 'ab'), { recursive: true });
  expect(await folderIdentity(root, signal)).toBe(first);

  const elsewhere = join(folder.path, 'elsewhere');
  await write(elsewhere, 'aa/a.jpg', 'z');
  expect(await folderIdentity(elsewhere, signal)).toBe(first);
  expect(await folderIdentity(join(folder.path, 'gone'), signal)).toBe(nothing);
});

it('stops when asked', async () => {
  const many = join(folder.path, 'many');
  await mkdir(many);
  for (let at = 0; at < 3000; at++) symlinkSync('gone', join(many, `${at}`));
  const controller = new AbortController();
  const identity = folderIdentity(many, controller.signal);
  controller.abort();
  await expect(identity).rejects.toMatchObject({ code: 'ABORTED' });
});
