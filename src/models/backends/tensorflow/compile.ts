import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isAbort, PipelineError } from '../../../errors.js';

const COMPILERS = ['c++', 'g++', 'clang++'];

/** A program and the arguments before all others: `ccache g++`. */
export type Compiler = readonly [program: string, ...first: string[]];

/**
 * The C++ compiler: `CXX`, which may hold arguments as in a makefile, else the first of the usual names on the path.
 * @throws {PipelineError} `COMPILER_MISSING` with what to install.
 */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler {
  const named = env['CXX']?.trim() ?? '';
  // A path may hold spaces of its own.
  const [program = '', ...first] = isExecutable(named) ? [named] : named.split(/\s+/);
  const names = program === '' ? COMPILERS : [program];
  for (const name of names) {
    const folders = name.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter);
    for (const folder of folders) {
      const path = join(folder, name);
      if (isExecutable(path)) return [path, ...first];
    }
  }
  throw new PipelineError(
    'COMPILER_MISSING',
    `Expected a C++ compiler (${names.join(', ')}) but found none`,
    {
      hint:
        program !== ''
          ? 'The variable CXX names it: correct or unset it.'
          : process.platform === 'darwin'
            ? 'Install it: xcode-select --install'
            : 'Install it: apt-get install g++ (Debian, Ubuntu), dnf install gcc-c++ (Fedora, RHEL), zypper install gcc-c++ (SUSE), pacman -S gcc (Arch).',
    },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
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
  compiler: Compiler;
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
 * @throws {PipelineError} `COMPILE_FAILED` with the compiler's first complaints.
 */
export async function compileAddon(options: CompileOptions): Promise<void> {
  const {
    compiler: [program, ...first],
    sources,
    headers,
    output,
    libraries = [],
    signal,
  } = options;
  const darwin = process.platform === 'darwin';
  const args = [
    ...first,
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...(darwin ? ['-undefined', 'dynamic_lookup'] : ['-s']),
    ...headers.flatMap((folder) => ['-I', folder]),
    ...sources,
    ...['-o', output],
    ...libraries,
    ...(libraries.length > 0 ? [`-Wl,-rpath,${darwin ? '@loader_path' : '$ORIGIN'}`] : []),
  ];
  try {
    await promisify(execFile)(program, args, { signal, maxBuffer: 1 << 26 });
  } catch (error) {
    if (isAbort(error)) throw error;
    const said = String((error as { stderr?: string }).stderr ?? '');
    const complaints = complaintsOf(said);
    const command = [program, ...first].join(' ');
    throw new PipelineError('COMPILE_FAILED', `Expected ${command} to compile the addon but it failed`, {
      hint: [...complaints.slice(1), adviceOn(said)].join('\n  '),
      cause: new Error(complaints[0] ?? (error as Error).message),
    });
  }
}

/** A compiler's first errors; where it names none so, its last words. */
export function complaintsOf(said: string): string[] {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const errors = lines.filter((line) => /error|cannot|undefined|not found/i.test(line));
  return errors.length > 0 ? errors.slice(0, 3) : lines.slice(-3);
}

function adviceOn(said: string): string {
  const header = /fatal error: '?([\w./+-]+)'?(: No such file| file not found)/.exec(said)?.[1];
  if (header !== undefined && !/^(tensorflow|tsl|xla|node)/.test(header)) {
    return process.platform === 'darwin'
      ? `${header} is missing: xcode-select --install`
      : `${header} is missing: apt-get install g++ libc6-dev (Debian, Ubuntu), dnf install gcc-c++ glibc-devel (Fedora, RHEL).`;
  }
  return 'It takes a compiler that knows C++17 (g++ 9 or clang 10 and newer); CXX=PATH names another.';
}
