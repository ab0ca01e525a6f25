import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import locks from 'fs-native-extensions';
import { PipelineError } from './errors.js';

export interface Lock {
  release(): void;
}

/**
 * Takes an exclusive lock on a file, made where absent. The kernel holds it for the open file, so it dies with its
 * process, even by kill -9: there are no stale locks. The file itself stays and names the last holder.
 * @throws {PipelineError} `RUN_LOCKED` when another process (or another open in this one) holds it.
 */
export function acquireLock(file: string, what: string): Lock {
  mkdirSync(dirname(file), { recursive: true });
  const fd = openSync(file, 'a+');
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
  return { release: () => closeSync(fd) };
}
