import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import locks from 'fs-native-extensions';
import { PipelineError } from './errors.js';
import { makeFolder, unwritable } from './folder.js';

export interface Lock {
  /** Does nothing the second time. */
  release(): void;
}

/**
 * Takes an exclusive lock on a file, made where absent. The kernel holds it for the open file, so it dies with its
 * process, even by kill -9: there are no stale locks. The file itself stays and names the last holder.
 * @param hint what to do where the folder cannot be written.
 * @throws {PipelineError} `RUN_LOCKED` when another process (or another open in this one) holds it, `USAGE` where its
 * folder cannot be made or written.
 */
export function acquireLock(
  file: string,
  what: string,
  hint = 'Choose a folder that you may write to.',
): Lock {
  const fd = openLockFile(file, hint);
  if (!locks.tryLock(fd)) {
    closeSync(fd);
    const holder = readFileSync(file, 'utf8').trim();
    throw new PipelineError(
      'RUN_LOCKED',
      `Expected ${what} to be free but process ${holder || '?'} is writing it`,
      {
        hint: 'Wait for that process, or choose another folder. The lock goes away with its process.',
      },
    );
  }
  truncateSync(file);
  writeSync(fd, `${process.pid}\n`);
  let held = true;
  return {
    release() {
      // Once: its number may be another file's by then.
      if (held) closeSync(fd);
      held = false;
    },
  };
}

function openLockFile(file: string, hint: string): number {
  const folder = dirname(file);
  try {
    makeFolder(folder);
    return openSync(file, 'a+');
  } catch (error) {
    throw unwritable(folder, error, hint);
  }
}
