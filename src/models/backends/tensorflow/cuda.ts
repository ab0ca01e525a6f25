import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Shared libraries in pip's packages of CUDA 12; those that are programs or data are left out. */
const LIBRARIES: Record<string, readonly string[]> = {
  'nvidia-cublas-cu12': ['libcublas.so.12', 'libcublasLt.so.12'],
  'nvidia-cuda-cupti-cu12': ['libcupti.so.12'],
  'nvidia-cuda-nvrtc-cu12': ['libnvrtc.so.12'],
  'nvidia-cuda-runtime-cu12': ['libcudart.so.12'],
  'nvidia-cudnn-cu12': ['libcudnn.so.9'],
  'nvidia-cufft-cu12': ['libcufft.so.11'],
  'nvidia-curand-cu12': ['libcurand.so.10'],
  'nvidia-cusolver-cu12': ['libcusolver.so.11'],
  'nvidia-cusparse-cu12': ['libcusparse.so.12'],
  'nvidia-nccl-cu12': ['libnccl.so.2'],
  'nvidia-nvjitlink-cu12': ['libnvJitLink.so.12'],
};

/** Comes with the driver, never with pip. */
const DRIVER = 'libcuda.so.1';

/** The shared libraries that a wheel's metadata asks for by its extra `and-cuda`, and the driver's. */
export function requiredCuda(metadata: string): string[] {
  const projects = [...metadata.matchAll(/^Requires-Dist: (nvidia-[\w-]+).*and-cuda/gm)].map(
    ([, name]) => name!,
  );
  return [DRIVER, ...projects.flatMap((project) => LIBRARIES[project] ?? [])];
}

/** Where CUDA's libraries were found. */
export interface CudaSearch {
  /** Library → folder, or `system` for the loader's own list. */
  found: Map<string, string>;
  /** pip's folder `nvidia` that has the most of them. */
  pip: string | undefined;
}

/** Looks for libraries in pip's packages and in what the system's loader knows. */
export async function searchCuda(
  libraries: readonly string[],
  {
    folders = sitePackages(),
    env = process.env,
  }: { folders?: Promise<string[]>; env?: NodeJS.ProcessEnv } = {},
): Promise<CudaSearch> {
  const pips = await Promise.all(
    (await folders).map(async (site) => {
      const nvidia = join(site, 'nvidia');
      const parts = await readdir(nvidia).catch(() => []);
      const found = libraries.flatMap((name) => {
        const part = parts.find((each) => existsSync(join(nvidia, each, 'lib', name)));
        return part === undefined ? [] : [[name, join(nvidia, part, 'lib')] as const];
      });
      return { nvidia, found };
    }),
  );
  const best = pips.sort((a, b) => b.found.length - a.found.length)[0];
  const pip = best !== undefined && best.found.length > 0 ? best : undefined;
  const found = new Map<string, string>(pip?.found);
  const system = await loaderList();
  const paths = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter(Boolean);
  for (const name of libraries) {
    if (found.has(name)) continue;
    const folder = paths.find((path) => existsSync(join(path, name)));
    if (folder !== undefined) found.set(name, folder);
    else if (system.includes(name)) found.set(name, 'system');
  }
  return { found, pip: pip?.nvidia };
}

/** CUDA's libraries that an installation asks for and that are nowhere to be found. */
export async function missingCuda(installation: string): Promise<string[]> {
  const required = requiredCuda(await readFile(join(installation, 'METADATA'), 'utf8'));
  const { found } = await searchCuda(required);
  return required.filter((name) => !found.has(name));
}

/** Whether the driver's library is here: without it there is no GPU to compute on. */
export async function hasDriver(): Promise<boolean> {
  return (await searchCuda([DRIVER])).found.has(DRIVER);
}

async function loaderList(): Promise<string> {
  for (const ldconfig of ['/sbin/ldconfig', '/usr/sbin/ldconfig', 'ldconfig']) {
    try {
      return (await promisify(execFile)(ldconfig, ['-p'])).stdout;
    } catch {
      // The next one; a system without any has no list.
    }
  }
  return '';
}

/** Folders that pip installs into: of the active environment, the user and the system. */
async function sitePackages(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const prefixes = [env['VIRTUAL_ENV'], env['CONDA_PREFIX'], join(homedir(), '.local'), '/usr/local', '/usr'];
  const nested = await Promise.all(
    prefixes
      .filter((prefix) => prefix !== undefined)
      .map(async (prefix) => {
        const versions = await readdir(join(prefix, 'lib')).catch(() => []);
        return versions
          .filter((name) => name.startsWith('python3'))
          .flatMap((name) =>
            ['site-packages', 'dist-packages'].map((kind) => join(prefix, 'lib', name, kind)),
          );
      }),
  );
  return nested.flat();
}
