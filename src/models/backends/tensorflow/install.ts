import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isAbort, PipelineError } from '../../../errors.js';
import type { EventBus } from '../../../events.js';
import { acquireLock } from '../../../lock.js';
import { backendsFolder, bytesOf, folderName, type Installed, installed, RECEIPT } from './cache-folder.js';
import { compileAddon, findCompiler, nodeHeaders } from './compile.js';
import { requiredCuda, searchCuda } from './cuda.js';
import { download } from './download.js';
import { layout, placeStandIns } from './load.js';
import { MUTE_SOURCE } from './mute.js';
import { defaultRegistry, type PackageSources, placePackage } from './npm-package.js';
import {
  type InstallableName,
  NODE_HEADERS,
  PROTOBUF,
  type Release,
  releaseFor,
  TFJS_NODE,
  VERSION,
} from './release.js';
import type { TrialResult } from './trial.js';
import { unpackWheel, wheelFiles } from './wheel.js';
import { defaultIndex, findWheel } from './wheel-index.js';

export interface InstallOptions {
  name: InstallableName;
  events: EventBus;
  signal: AbortSignal;
  /** A wheel that is here already. */
  from?: string;
  /** A Python package index with the simple API; default: pip's. */
  index?: string;
  /** Install again what is there. */
  force?: boolean;
  /** Where backends are installed; default: the user's cache folder. */
  folder?: string;
  env?: NodeJS.ProcessEnv;
  /** Bytes that can still be written into a folder. */
  freeBytes?: (folder: string) => Promise<number>;
  /** Tries an installation, throws where it does not compute; default: an op and a gradient in another process. */
  tryOut?: (folder: string, signal: AbortSignal) => Promise<TrialResult>;
  packages?: Pick<PackageSources, 'resolve'>;
}

export interface InstallResult extends Installed {
  /** What the trial ran on; absent when nothing was done because it is there already. */
  device?: string;
  /** Of the GPU's: CUDA libraries that TensorFlow asks for and that are nowhere to be found. */
  missingCuda?: string[];
}

/** A wheel to its unpacked libraries: 3.1 measured; headers, the addon and JavaScript are nothing beside them. */
const UNPACKED_PER_PACKED = 3.3;

/**
 * Installs a backend into the cache folder: takes TensorFlow's library from its Python wheel, compiles tfjs-node's
 * addon against it, tries it, and only then gives it its name. An interrupted one goes on with the download.
 * @throws {PipelineError} `COMPILER_MISSING`, `COMPILE_FAILED`, `BACKEND_UNAVAILABLE` (unsupported platform, or it
 * does not compute), `DOWNLOAD_FAILED`, `DOWNLOAD_CORRUPT`, `DISK_FULL`, `RUN_LOCKED`, `ABORTED`.
 */
export async function installBackend(options: InstallOptions): Promise<InstallResult> {
  const { name, env = process.env, folder = backendsFolder(env), force = false } = options;
  const release = releaseFor(name);
  const present = installed(name, folder);
  if (present !== undefined && !force) return present;
  // Before a long download, not after it.
  const compiler = findCompiler(env);
  const lock = acquireLock(join(folder, 'install.lock'), `the folder of backends (${folder})`);
  const unfinished = join(folder, `${folderName(release)}.unfinished`);
  try {
    const wheel = await obtainWheel(options, release, folder);
    await rm(unfinished, { recursive: true, force: true });
    const device = await build({ ...options, env }, { release, wheel, compiler, unfinished });
    const missing = name === 'tensorflow-gpu' ? await linkCuda(unfinished) : undefined;
    const receipt: Omit<Installed, 'path'> = {
      name,
      version: VERSION,
      platform: release.platform,
      wheel: basename(wheel),
      bytes: await bytesOf(unfinished),
    };
    await writeFile(join(unfinished, RECEIPT), `${JSON.stringify(receipt, null, 2)}\n`);
    const path = join(folder, folderName(release));
    await rm(path, { recursive: true, force: true });
    await rename(unfinished, path);
    if (options.from === undefined) await rm(dirname(wheel), { recursive: true, force: true });
    return { ...receipt, path, device, ...(missing && { missingCuda: missing }) };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    lock.release();
  }
}

/** The wheel's path: downloaded, or the one that was given. */
async function obtainWheel(
  { from, index, env = process.env, signal, events, freeBytes }: InstallOptions,
  release: Release,
  folder: string,
): Promise<string> {
  if (from !== undefined) return resolve(from);
  const wheel = await findWheel(release, index ?? defaultIndex(env), signal);
  if (wheel.size !== undefined) {
    await expectRoom(folder, wheel.size * (1 + UNPACKED_PER_PACKED), freeBytes);
  }
  events.emit({ type: 'message', level: 'info', text: `Downloading ${wheel.filename}` });
  const file = join(folder, 'downloads', wheel.filename);
  await download({ url: wheel.url, sha256: wheel.sha256, file, events, signal });
  return file;
}

async function build(
  { events, signal, env = process.env, from, freeBytes, tryOut = tryInProcess, packages }: InstallOptions,
  {
    release,
    wheel,
    compiler,
    unfinished,
  }: Record<'wheel' | 'compiler' | 'unfinished', string> & { release: Release },
): Promise<string> {
  const { package: root, nodeHeaders: ownHeaders, ...places } = layout(unfinished);
  const { headers, libraries, addon, mute, muteSource, protobuf } = places;
  const files = await wheelFiles(wheel, release);
  await mkdir(unfinished, { recursive: true });
  await expectRoom(
    unfinished,
    files.reduce((sum, { size }) => sum + size, 0),
    freeBytes,
  );
  await unpackWheel(wheel, files, unfinished, { signal, events });

  const sources: PackageSources = {
    registry: defaultRegistry(env),
    signal,
    ...packages,
    ...(from !== undefined && { beside: dirname(resolve(from)) }),
  };
  await placePackage(TFJS_NODE, root, sources);
  await placePackage(PROTOBUF, protobuf, sources);
  await placeStandIns(unfinished);
  const node = nodeHeaders();
  if (node === undefined) await placePackage(NODE_HEADERS, ownHeaders, sources);

  events.emit({ type: 'message', level: 'info', text: `Compiling with ${compiler}` });
  const includes = node ?? join(ownHeaders, 'include');
  await writeFile(muteSource, MUTE_SOURCE);
  await compileAddon({ compiler, sources: [muteSource], headers: [includes], output: mute, signal });
  await compileAddon({
    compiler,
    sources: ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(root, 'binding', file)),
    headers: [includes, headers],
    output: addon,
    libraries: release.libraries.map((file) => join(libraries, file)),
    signal,
  });
  events.emit({ type: 'message', level: 'info', text: 'Trying it' });
  return (await tryOut(unfinished, signal)).device;
}

/** @throws {PipelineError} `DISK_FULL` where fewer bytes than these can be written. */
async function expectRoom(
  folder: string,
  bytes: number,
  freeBytes: InstallOptions['freeBytes'] = async (path) => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= bytes) return;
  const megabytes = (value: number) => `${Math.ceil(value / 1e6)} MB`;
  throw new PipelineError(
    'DISK_FULL',
    `Expected ${megabytes(bytes)} free in ${folder} but there are ${megabytes(free)}`,
    {
      hint: 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.',
    },
  );
}

async function tryInProcess(folder: string, signal: AbortSignal): Promise<TrialResult> {
  const script = fileURLToPath(new URL('./trial.js', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder], { signal });
    return JSON.parse(stdout) as TrialResult;
  } catch (error) {
    if (isAbort(error)) throw error;
    const said = String((error as { stderr?: string }).stderr ?? '');
    const complaint = said.split('\n').find((line) => /Error: /.test(line));
    throw new PipelineError('BACKEND_UNAVAILABLE', 'Expected the compiled backend to compute but it failed', {
      hint: 'Nothing was installed. Use --backend wasm, and please report this.',
      cause: new Error(complaint?.trim() || (error as Error).message),
    });
  }
}

/** Lets the library find pip's packages of CUDA where it looks first: beside itself. Gives what is missing. */
async function linkCuda(folder: string): Promise<string[]> {
  const required = requiredCuda(await readFile(join(folder, 'METADATA'), 'utf8'));
  const { found, pip } = await searchCuda(required);
  if (pip !== undefined) await symlink(pip, join(folder, 'nvidia'));
  return required.filter((library) => !found.has(library));
}
