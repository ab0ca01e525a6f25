import { existsSync, readFileSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PipelineError } from '../../../errors.js';
import { hostPlatform, INSTALLABLE, type InstallableName, type Release, VERSION } from './release.js';

/** What is known of an installed backend: its `installed.json`. */
export interface Installed {
  name: InstallableName;
  version: string;
  platform: string;
  /** File name of the wheel that its libraries came from. */
  wheel: string;
  /** Where it is. */
  path: string;
  /** What it takes on the disk. */
  bytes: number;
}

/** Name of the file that says an installation is whole. */
export const RECEIPT = 'installed.json';

/** The folder that backends are installed in: `${XDG_CACHE_HOME:-~/.cache}/abo-pipeline/backends`. */
export function backendsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'abo-pipeline', 'backends');
}

export const folderName = ({ name, version, platform }: Pick<Release, 'name' | 'version' | 'platform'>) =>
  `${name}-${version}-${platform}`;

/** The installation of this version for this machine; undefined where there is none. */
export function installed(name: InstallableName, folder = backendsFolder()): Installed | undefined {
  return readReceipt(join(folder, folderName({ name, version: VERSION, platform: hostPlatform() })));
}

/** A receipt that cannot be read (a power cut may leave an empty one) is none: the backend has to be installed again. */
function readReceipt(path: string): Installed | undefined {
  const file = join(path, RECEIPT);
  if (!existsSync(file)) return undefined;
  try {
    return { ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<Installed, 'path'>), path };
  } catch {
    return undefined;
  }
}

/** Every installation in the folder, of any version, by name. */
export async function listInstalled(folder = backendsFolder()): Promise<Installed[]> {
  const names = (await readdir(folder).catch(() => [])).sort();
  return names.map((name) => readReceipt(join(folder, name))).filter((one) => one !== undefined);
}

/**
 * Removes a backend in every version, and what an interrupted installation of it left; gives what it freed.
 * @throws {PipelineError} `USAGE` where there is nothing of that name.
 */
export async function removeInstalled(
  name: string,
  folder = backendsFolder(),
): Promise<{ paths: string[]; bytes: number }> {
  if (!INSTALLABLE.includes(name as InstallableName)) {
    throw new PipelineError('USAGE', `Expected one of ${INSTALLABLE.join(', ')} but received "${name}"`);
  }
  // `tensorflow-2…` and not `tensorflow-gpu-2…`.
  const own = new RegExp(`^${name}-\\d`);
  const entries = (await readdir(folder).catch(() => [])).filter((entry) => own.test(entry));
  if (entries.length === 0) {
    throw new PipelineError('USAGE', `Expected ${name} to be installed but it is not`, {
      hint: '`pipeline backend list` says what is.',
    });
  }
  const paths = entries.map((entry) => join(folder, entry));
  let bytes = 0;
  for (const path of paths) {
    bytes += await bytesOf(path);
    await rm(path, { recursive: true, force: true });
  }
  return { paths, bytes };
}

/** Bytes of the files under a folder; links count nothing. */
export async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((a, b) => a + b, 0);
}
