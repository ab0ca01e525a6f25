import { existsSync } from 'node:fs';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock, type Lock } from '../../../lock.js';
import { RECEIPT, REPLACED, UNFINISHED } from './cache-folder.js';
import type { Release } from './release.js';

/** Takes the one lock of all changes to the folder of backends. */
export const lockBackends = (folder: string): Lock =>
  acquireLock(
    join(folder, 'install.lock'),
    `the folder of backends (${folder})`,
    'Set XDG_CACHE_HOME to a folder that you may write to.',
  );

export const downloadsIn = (folder: string) => join(folder, 'downloads');

/** Whether a process that was killed left something of this installation. */
export const hasLeftovers = (path: string) =>
  existsSync(`${path}${UNFINISHED}`) || existsSync(`${path}${REPLACED}`);

/** Cleans up after installations that were killed. Only under the lock: nobody works on any of it then. */
export async function sweep(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    if (entry.endsWith(UNFINISHED)) await rm(path, { recursive: true, force: true });
    if (entry.endsWith(REPLACED)) {
      const place = path.slice(0, -REPLACED.length);
      // Killed between the two renames: the old one is all there is.
      if (existsSync(join(place, RECEIPT))) await rm(path, { recursive: true, force: true });
      else await restore(place);
    }
  }
}

/** Gives a finished installation its name; the one that has it now goes only when the new one is in its place. */
export async function putInPlace(unfinished: string, path: string): Promise<void> {
  const there = existsSync(path);
  if (there) await rename(path, `${path}${REPLACED}`);
  try {
    await rename(unfinished, path);
  } catch (error) {
    if (there) await restore(path);
    throw error;
  }
  await rm(`${path}${REPLACED}`, { recursive: true, force: true });
}

async function restore(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await rename(`${path}${REPLACED}`, path);
}

/** The whole and partial downloads of a project's wheels, as paths. */
export async function downloadsOf({ project }: Pick<Release, 'project'>, folder: string): Promise<string[]> {
  const downloads = downloadsIn(folder);
  // `tensorflow-2…` and not `tensorflow_cpu-2…`; the hash before it is missing in those of earlier versions.
  const own = new RegExp(`^([0-9a-f]+-)?${project.replaceAll('-', '_')}-\\d.*\\.whl(\\.part(\\.tag)?)?$`);
  const files = await readdir(downloads).catch(() => []);
  return files.filter((file) => own.test(file)).map((file) => join(downloads, file));
}

/** Removes a project's downloads, and their folder where it holds no other's. */
export async function removeDownloads(release: Pick<Release, 'project'>, folder: string): Promise<void> {
  for (const path of await downloadsOf(release, folder)) await rm(path, { force: true });
  // Fails where it is not empty, or not there.
  await rmdir(downloadsIn(folder)).catch(() => {});
}
