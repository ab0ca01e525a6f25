import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { userCache } from '../../../user-cache.js';
import { hostPlatform, type InstallableName, type Release, VERSION } from './release.js';

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

/** Ends of the names of an installation that is being made, and of one that another is about to take the place of. */
export const UNFINISHED = '.unfinished';
export const REPLACED = '.replaced';

/** The folder that backends are installed in. */
export const backendsFolder = (env?: NodeJS.ProcessEnv): string => userCache('backends', env);

export const folderName = ({ name, version, platform }: Pick<Release, 'name' | 'version' | 'platform'>) =>
  `${name}-${version}-${platform}`;

/** The installation of this version for this machine; undefined where there is none. */
export function installed(name: InstallableName, folder = backendsFolder()): Installed | undefined {
  return readReceipt(join(folder, folderName({ name, version: VERSION, platform: hostPlatform() })));
}

/** What nothing works without, at their beginnings: names end in versions and in the system's ending. */
const ESSENTIAL = ['libtensorflow_cc.', 'libtensorflow_framework.', 'tfjs_binding.'];

/**
 * A receipt that cannot be read (a power cut may leave an empty one), or one of libraries that are gone, is none: the
 * backend has to be installed again.
 */
function readReceipt(path: string): Installed | undefined {
  const file = join(path, RECEIPT);
  const libraries = join(path, 'tensorflow');
  if (!existsSync(file) || !existsSync(libraries)) return undefined;
  const names = readdirSync(libraries);
  if (!ESSENTIAL.every((start) => names.some((name) => name.startsWith(start)))) return undefined;
  try {
    return { ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<Installed, 'path'>), path };
  } catch {
    return undefined;
  }
}

/** Every installation in the folder, of any version, by name. */
export async function listInstalled(folder = backendsFolder()): Promise<Installed[]> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const whole = names.filter((name) => !name.endsWith(UNFINISHED) && !name.endsWith(REPLACED));
  return whole.map((name) => readReceipt(join(folder, name))).filter((one) => one !== undefined);
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
