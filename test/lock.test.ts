import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { acquireLock } from '#src/lock.js';
import { openRunFolder } from '#src/run.js';
import { temporaryFolder } from './fixtures.js';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder('lock');
});
afterEach(() => root.dispose());

const usage = (folder: string) =>
  expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(folder) });

describe('a lock', () => {
  it('makes the folders that it lies in', () => {
    const file = join(root.path, 'a', 'b', 'c', 'lock');
    acquireLock(file, 'it').release();
    expect(existsSync(file)).toBe(true);
  });

  it('keeps others out until it is released', () => {
    const file = join(root.path, 'lock');
    const lock = acquireLock(file, 'it');
    expect(() => acquireLock(file, 'it')).toThrow(expect.objectContaining({ code: 'RUN_LOCKED' }));
    lock.release();
    acquireLock(file, 'it').release();
  });

  it('names the folder that a file is in the place of', async () => {
    const file = join(root.path, 'file');
    await writeFile(file, '');
    for (const folder of [file, join(file, 'inside', 'it')]) {
      expect(() => acquireLock(join(folder, 'lock'), 'it')).toThrow(usage(folder));
    }
    await expect(openRunFolder(join(file, 'run'), eventBus())).rejects.toEqual(usage(join(file, 'run')));
  });

  it('names the folder whose lock is a folder', async () => {
    await mkdir(join(root.path, 'lock'));
    expect(() => acquireLock(join(root.path, 'lock'), 'it')).toThrow(usage(root.path));
  });

  // In a process of its own: what never comes back can only be ended from outside.
  it.skipIf(process.platform !== 'linux')('comes back from a folder in which none can be made', () => {
    const script = `
      import { acquireLock } from ${JSON.stringify(import.meta.resolve('#src/lock.js'))};
      try { acquireLock('/proc/abo-pipeline/backends/lock', 'it', 'Elsewhere.'); }
      catch ({ code, message, hint }) { console.log(JSON.stringify({ code, message, hint })); }`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 30_000,
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout || '"it hung"')).toEqual({
      code: 'USAGE',
      message: expect.stringContaining('/proc/abo-pipeline/backends'),
      hint: 'Elsewhere.',
    });
  });
});
