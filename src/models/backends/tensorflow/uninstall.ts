import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../../errors.js';
import { backendsFolder, bytesOf } from './cache-folder.js';
import { downloadsOf, lockBackends, removeDownloads } from './leftovers.js';
import { hostPlatform, INSTALLABLE, type InstallableName, projectOf } from './release.js';

/**
 * Removes a backend in every version, and what an interrupted installation of it left; gives what it freed.
 * @throws {PipelineError} `USAGE` where there is nothing of that name, `RUN_LOCKED` while one is being installed.
 */
export async function removeInstalled(
  name: string,
  folder = backendsFolder(),
): Promise<{ paths: string[]; bytes: number }> {
  if (!isInstallable(name)) {
    throw new PipelineError('USAGE', `Expected one of ${INSTALLABLE.join(', ')} but received "${name}"`);
  }
  if (!existsSync(folder)) throw notInstalled(name);
  const lock = lockBackends(folder);
  try {
    // `tensorflow-2…` and not `tensorflow-gpu-2…`.
    const own = new RegExp(`^${name}-\\d`);
    const folders = (await readdir(folder)).filter((entry) => own.test(entry));
    const project = projectOf(name, hostPlatform());
    const downloads = project === undefined ? [] : await downloadsOf({ project }, folder);
    const paths = [...folders.map((entry) => join(folder, entry)), ...downloads];
    if (project !== undefined && downloads.length === 0) await removeDownloads({ project }, folder);
    if (paths.length === 0) throw notInstalled(name);
    let bytes = 0;
    for (const path of paths) {
      const found = await stat(path);
      bytes += found.isDirectory() ? await bytesOf(path) : found.size;
      await rm(path, { recursive: true, force: true });
    }
    if (project !== undefined) await removeDownloads({ project }, folder);
    return { paths, bytes };
  } finally {
    lock.release();
  }
}

export const isInstallable = (name: string): name is InstallableName =>
  (INSTALLABLE as readonly string[]).includes(name);

const notInstalled = (name: string) =>
  new PipelineError('USAGE', `Expected ${name} to be installed but it is not`, {
    hint: '`pipeline backend list` says what is.',
  });
