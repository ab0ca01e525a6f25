import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { PipelineError, throwIfAborted } from '../errors.js';
import { MANIFEST, RECIPE_FILE } from '../run.js';

const PHOTO = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/**
 * The photos in folders and in all that lie in them, by their endings: as paths that begin as the folders were given,
 * each file once, in the order of the paths. Links to photos are followed, those to folders are not; hidden files and folders
 * (thumbnails, what macOS keeps beside a file) and runs are no photos.
 * @throws {PipelineError} `NOT_FOUND` for a folder that cannot be read, `ABORTED`.
 */
export async function photosIn(folders: readonly string[], signal: AbortSignal): Promise<string[]> {
  const photos = new Map<string, string>();
  for (const folder of folders) {
    throwIfAborted(signal);
    const entries = await entriesOf(folder);
    const holding = (file: string) =>
      new Set(entries.filter(({ name }) => name === file).map(({ parentPath }) => parentPath));
    const [manifests, recipes] = [holding(MANIFEST), holding(RECIPE_FILE)];
    const isRun = (path: string) => manifests.has(path) && recipes.has(path);
    for (const entry of entries) {
      if (!PHOTO.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      const names = relative(folder, path).split(sep);
      if (names.some((name) => name.startsWith('.'))) continue;
      if (names.some((_, depth) => depth > 0 && isRun(join(folder, ...names.slice(0, depth))))) continue;
      if (!entry.isFile() && !(entry.isSymbolicLink() && (await leadsToFile(path)))) continue;
      const whole = await realpath(path);
      // A file's own path before that of a link to it.
      if (!photos.has(whole) || entry.isFile()) photos.set(whole, path);
    }
  }
  return [...photos.values()].sort();
}

async function leadsToFile(link: string): Promise<boolean> {
  return (await stat(link).catch(() => undefined))?.isFile() ?? false;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
    throw new PipelineError('NOT_FOUND', `Expected a folder at ${folder}`, {
      hint: 'Name folders that hold photos; all folders in them are looked through.',
      cause,
    });
  }
}
