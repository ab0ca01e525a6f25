import { mkdirSync, statSync } from 'node:fs';
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

const isFolder = (path: string) => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};
