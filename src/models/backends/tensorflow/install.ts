import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isAbort, PipelineError } from '../../../errors.js';
import type { EventBus } from '../../../events.js';
import { expectRoom } from '../../../room.js';
import {
  backendsFolder,
  bytesOf,
  folderName,
  type Installed,
  installed,
  RECEIPT,
  UNFINISHED,
} from './cache-folder.js';
import { type Compiler, compileAddon, findCompiler, nodeHeaders } from './compile.js';
import { requiredCuda, searchCuda } from './cuda.js';
import { hasLeftovers, lockBackends, putInPlace, removeDownloads, sweep } from './leftovers.js';
import { layout, placeStandIns } from './load.js';
import { MUTE_SOURCE } from './mute.js';
import { defaultRegistry, type PackageSources, placePackage } from './npm-package.js';
import { NO_ROOM, obtainWheel, sourceOf } from './obtain.js';
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

/**
 * Installs a backend into the cache folder: takes TensorFlow's library from its Python wheel, compiles tfjs-node's
 * addon against it, tries it, and only then gives it its name. An interrupted one goes on with the download.
 * @throws {PipelineError} `USAGE`, `NOT_FOUND` (what was asked for is not there), `COMPILER_MISSING`, `COMPILE_FAILED`,
 * `BACKEND_UNAVAILABLE` (unsupported platform, or it does not compute), `DOWNLOAD_FAILED`, `DOWNLOAD_CORRUPT`,
 * `DISK_FULL`, `RUN_LOCKED`, `ABORTED`.
 */
export async function installBackend(options: InstallOptions): Promise<InstallResult> {
  const { name, env = process.env, folder = backendsFolder(env), force = false } = options;
  const release = releaseFor(name);
  const source = await sourceOf(options, release);
  const path = join(folder, folderName(release));
  const present = whole(name, folder);
  if (present !== undefined && !force && !hasLeftovers(path)) return present;
  const lock = lockBackends(folder);
  const unfinished = `${path}${UNFINISHED}`;
  try {
    await sweep(folder);
    const kept = whole(name, folder);
    if (kept !== undefined && !force) return kept;
    // Before a long download, not after it.
    const compiler = findCompiler(env);
    const { wheel, filename } = await obtainWheel(source, { ...options, release, folder, env });
    const device = await build({ ...options, env }, { release, wheel, compiler, unfinished });
    const missing = name === 'tensorflow-gpu' ? await linkCuda(unfinished) : undefined;
    const receipt: Omit<Installed, 'path'> = {
      name,
      version: VERSION,
      platform: release.platform,
      wheel: filename,
      bytes: await bytesOf(unfinished),
    };
    await writeFile(join(unfinished, RECEIPT), `${JSON.stringify(receipt, null, 2)}\n`);
    await putInPlace(unfinished, path);
    if (options.from === undefined) await removeDownloads(release, folder);
    return { ...receipt, path, device, ...(missing && { missingCuda: missing }) };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    lock.release();
  }
}

/** What is installed, unless another version of this package compiled its addon from another source. */
function whole(name: InstallableName, folder: string): Installed | undefined {
  const found = installed(name, folder);
  if (found === undefined) return undefined;
  const { muteSource } = layout(found.path);
  const own = existsSync(muteSource) && readFileSync(muteSource, 'utf8') === MUTE_SOURCE;
  return own ? found : undefined;
}

async function build(
  { events, signal, env = process.env, from, freeBytes, tryOut = tryInProcess, packages }: InstallOptions,
  {
    release,
    wheel,
    compiler,
    unfinished,
  }: Record<'wheel' | 'unfinished', string> & { release: Release; compiler: Compiler },
): Promise<string> {
  const { package: root, nodeHeaders: ownHeaders, ...places } = layout(unfinished);
  const { headers, libraries, addon, mute, muteSource, protobuf } = places;
  const files = await wheelFiles(wheel, release);
  await mkdir(unfinished, { recursive: true });
  await expectRoom(
    unfinished,
    files.reduce((sum, { size }) => sum + size, 0),
    { hint: NO_ROOM, freeBytes },
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

  events.emit({ type: 'message', level: 'info', text: `Compiling with ${compiler.join(' ')}` });
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
