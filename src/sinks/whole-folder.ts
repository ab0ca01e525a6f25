import { existsSync, readdirSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PipelineError } from '../errors.js';
import { acquireLock } from '../lock.js';

const LOCK = 'writer.lock';

/**
 * Writes a folder under another name first (`PATH.unfinished`), so that it is complete or absent. What a killed process
 * left under that name is removed.
 * @throws {PipelineError} `USAGE` where something is in the folder's place, `RUN_LOCKED` while another process writes it.
 */
export async function writeWholeFolder<T>(
  path: string,
  write: (unfinished: string) => Promise<T>,
): Promise<T> {
  assertFree(path);
  const unfinished = `${resolve(path)}.unfinished`;
  // Anything without a lock file is not ours to remove.
  if (!existsSync(join(unfinished, LOCK))) assertFree(unfinished);
  const lock = acquireLock(join(unfinished, LOCK), `the folder ${path}`);
  try {
    for (const name of await readdir(unfinished)) {
      if (name !== LOCK) await rm(join(unfinished, name), { recursive: true });
    }
    const result = await write(unfinished);
    await rm(join(unfinished, LOCK));
    await rename(unfinished, path);
    return result;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
}

function assertFree(path: string): void {
  try {
    if (readdirSync(path).length === 0) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
  }
  throw new PipelineError('USAGE', `Expected no file and no full folder at ${path} but there is one`, {
    hint: 'Choose another place, or remove it first.',
  });
}
