import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isAbort, PipelineError } from '../../../errors.js';

const COMPILERS = ['c++', 'g++', 'clang++'];

/**
 * The C++ compiler: `CXX`, else the first of the usual names on the path.
 * @throws {PipelineError} `COMPILER_MISSING` with what to install.
 */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): string {
  const names = env['CXX'] ? [env['CXX']] : COMPILERS;
  for (const name of names) {
    const folders = name.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter);
    for (const folder of folders) {
      const path = join(folder, name);
      if (isExecutable(path)) return path;
    }
  }
  throw new PipelineError(
    'COMPILER_MISSING',
    `Expected a C++ compiler (${names.join(', ')}) but found none`,
    {
      hint:
        process.platform === 'darwin'
          ? 'Install it: xcode-select --install'
          : 'Install it: apt-get install g++ (Debian, Ubuntu), dnf install gcc-c++ (Fedora, RHEL), zypper install gcc-c++ (SUSE), pacman -S gcc (Arch).',
    },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder of `node_api.h` that came with this Node; undefined where none did. */
export function nodeHeaders(execPath = process.execPath): string | undefined {
  const folder = join(dirname(dirname(execPath)), 'include', 'node');
  return existsSync(join(folder, 'node_api.h')) ? folder : undefined;
}

export interface CompileOptions {
  compiler: string;
  sources: readonly string[];
  /** Include paths. */
  headers: readonly string[];
  /** The addon to make. */
  output: string;
  /** Libraries that it needs; it looks for them beside itself, so that the folder can be moved. */
  libraries?: readonly string[];
  signal: AbortSignal;
}

/**
 * Compiles a Node addon with one call of the compiler.
 * @throws {PipelineError} `COMPILE_FAILED` with the compiler's first complaint.
 */
export async function compileAddon(options: CompileOptions): Promise<void> {
  const { compiler, sources, headers, output, libraries = [], signal } = options;
  const darwin = process.platform === 'darwin';
  const args = [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...(darwin ? ['-undefined', 'dynamic_lookup'] : ['-s']),
    ...headers.flatMap((folder) => ['-I', folder]),
    ...sources,
    ...['-o', output],
    ...libraries,
    ...(libraries.length > 0 ? [`-Wl,-rpath,${darwin ? '@loader_path' : '$ORIGIN'}`] : []),
  ];
  try {
    await promisify(execFile)(compiler, args, { signal, maxBuffer: 1 << 26 });
  } catch (error) {
    if (isAbort(error)) throw error;
    const said = String((error as { stderr?: string }).stderr ?? '');
    const complaint = said.split('\n').find((line) => /error|cannot|undefined|not found/i.test(line));
    throw new PipelineError('COMPILE_FAILED', `Expected ${compiler} to compile the addon but it failed`, {
      hint: 'It takes a compiler that knows C++17 (g++ 9 or clang 10 and newer); CXX=PATH names another.',
      cause: new Error(complaint?.trim() || (error as Error).message),
    });
  }
}
