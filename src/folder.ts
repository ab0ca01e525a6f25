import { accessSync, constants, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PipelineError } from './errors.js';

/**
 * Makes a folder, and those that it lies in, where absent. By single steps: Node's own `recursive` never comes back from
 * folders in which nothing can be made though they exist (/proc).
 * @throws the system's error.
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return;
  try {
    mkdirSync(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path || isFolder(parent)) {
      // Another process may have been first.
      if (isFolder(path)) return;
      throw error;
    }
    makeFolder(parent);
    makeFolder(path);
  }
}

/**
 * Makes a folder that results go to, where absent: before the work, so that none is done in vain.
 * @throws {PipelineError} `USAGE` where it cannot be made or written.
 */
export function outputFolder(path: string): void {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error, 'Choose a folder that you may write to.');
  }
}

/**
 * Makes the folder of a file that results go to, as `outputFolder`.
 * @throws {PipelineError} `USAGE` where the folder cannot be made or written, or the file is a folder.
 */
export function outputFile(path: string): void {
  const there = statOf(path);
  if (there?.isDirectory()) {
    throw new PipelineError('USAGE', `Expected a file to write at ${path} but a folder is in its place`, {
      hint: 'Name a file in it.',
    });
  }
  // A pipe or a device, such as /dev/null, is written as it is.
  if (there === undefined || there.isFile()) outputFolder(dirname(path));
}

/** What is told where a folder cannot be written: not a fault of the program, so by its name and the system's reason. */
export function unwritable(path: string, error: unknown, hint: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason === undefined) return error;
  return new PipelineError('USAGE', `Expected a folder to write to at ${path} but ${reason}`, {
    hint,
    cause: error,
  });
}

const REASONS: Record<string, string> = {
  EACCES: 'it may not be written to',
  EPERM: 'it may not be written to',
  EROFS: 'its file system is read-only',
  ENOENT: 'it cannot be made',
  ENOTDIR: 'a file is in its place',
  EEXIST: 'a file is in its place',
  EISDIR: 'a folder is in the place of its lock file',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
};

/** Whether there is a folder, or a link to one. */
export const isFolder = (path: string) => statOf(path)?.isDirectory() ?? false;

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
