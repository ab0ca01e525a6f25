import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { throwIfAborted } from '../errors.js';
import type { Backend } from './backends/backend.js';

/** Beyond what was asked for: starting, compiling, and one step each of the slowest. */
const PATIENCE_SECONDS = 120;

/** What starting and measuring a backend found. */
export interface Finding {
  /** Whether it starts and computes. */
  available: boolean;
  /** Whether it took a training step. */
  trains: boolean;
  /** Why it is not available or does not train. */
  why?: string;
  /** The command that would make it so. */
  hint?: string;
  device?: string;
  version?: string;
  /** Whether the processor stands in for its device: `auto` does not take it then. */
  emulated?: boolean;
  /** Photos a second (`PROBE`), forward alone and in training. */
  imagesPerSecond?: number;
  trainedImagesPerSecond?: number;
  /** The largest resident set of the process that was measured, bytes. */
  memoryBytes?: number;
}

export interface BackendReport extends Finding {
  name: string;
}

/**
 * Starts and measures backends, one after the other, each in a process of its own: one that crashes or hangs is
 * reported as not available.
 * @param options.seconds how long each is measured.
 * @param options.module what such a process runs.
 * @throws {PipelineError} `ABORTED`
 */
export async function* examineBackends(
  backends: readonly Pick<Backend, 'name'>[],
  {
    seconds,
    signal,
    module = new URL('./probe-process.js', import.meta.url),
    patience = PATIENCE_SECONDS,
  }: { seconds: number; signal: AbortSignal; module?: URL; patience?: number },
): AsyncGenerator<BackendReport> {
  for (const { name } of backends) {
    const finding = await examine(module, [name, String(seconds)], seconds + patience, signal);
    throwIfAborted(signal);
    yield { name, ...finding };
  }
}

function examine(module: URL, args: string[], limit: number, signal: AbortSignal): Promise<Finding> {
  throwIfAborted(signal);
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(module), args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    let finding: Finding | undefined;
    let late = false;
    const end = () => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limit * 1000);
    signal.addEventListener('abort', end);
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    child.on('message', (message) => {
      finding = message as Finding;
    });
    child.on('error', (error) => {
      finding ??= { available: false, trains: false, why: error.message };
    });
    child.on('close', (code, killed) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(
        finding ?? { available: false, trains: false, why: lastWords({ code, killed, late, limit, said }) },
      );
    });
  });
}

function lastWords(end: {
  code: number | null;
  killed: string | null;
  late: boolean;
  limit: number;
  said: string;
}): string {
  if (end.late) return `Expected an answer within ${end.limit} seconds but its process did not give one`;
  const last = end.said.trim().split('\n').at(-1);
  const how = end.killed === null ? `exit status ${end.code}` : end.killed;
  return `Expected it to start but its process ended with ${how}${last ? `: ${last}` : ''}`;
}
