import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PipelineError, throwIfAborted } from '../errors.js';

const PHOTO = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/**
 * The photos in folders and in all that lie in them, by their endings: as paths that begin as the folders were given,
 * each file once, in the order of the paths. Links are not followed.
 * @throws {PipelineError} `NOT_FOUND` for a folder that cannot be read, `ABORTED`.
 */
export async function photosIn(folders: readonly string[], signal: AbortSignal): Promise<string[]> {
  const photos = new Map<string, string>();
  for (const folder of folders) {
    throwIfAborted(signal);
    for (const entry of await entriesOf(folder)) {
      if (!entry.isFile() || !PHOTO.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      const whole = resolve(path);
      if (!photos.has(whole)) photos.set(whole, path);
    }
  }
  return [...photos.values()].sort();
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
    throw new PipelineError('NOT_FOUND', `Expected a folder at ${folder}`, { cause });
  }
}
