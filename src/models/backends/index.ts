import { PipelineError } from '../../errors.js';
import type { Backend, BackendChoice, StartedBackend, StartOptions } from './backend.js';
import { cpu } from './cpu.js';
import { tensorflow, tensorflowGpu } from './tensorflow.js';
import { wasm } from './wasm.js';
import { webgpu } from './webgpu.js';

/** Every backend, the preferred ones first. */
export const backends: readonly Backend[] = [tensorflowGpu, webgpu, tensorflow, wasm, cpu];

/**
 * Starts the backend of this name in the calling thread; `auto` is the first that trains and starts,
 * on a device of its own rather than on an emulated one.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE` with what is missing and what to do; of `auto` with every reason.
 */
export async function startBackend(
  choice: BackendChoice,
  options: StartOptions = {},
  among: readonly Backend[] = backends,
): Promise<StartedBackend> {
  const candidates = among.filter(({ name, trains, isInstalled }) =>
    choice === 'auto' ? trains && (isInstalled?.() ?? true) : name === choice,
  );
  const { warn = (text) => process.emitWarning(text) } = options;
  const failures: { name: string; error: Error }[] = [];
  for (const backend of candidates) {
    try {
      const started = await backend.start(options);
      if (choice !== 'auto' || !started.emulated) return started;
      await started.stop();
      failures.push({ name: backend.name, error: new Error(`${started.device} is only emulated`) });
    } catch (error) {
      if (choice !== 'auto') throw error;
      failures.push({ name: backend.name, error: error as Error });
      if (backend.isInstalled) warn(withoutIt(error as Error));
    }
  }
  throw new PipelineError('BACKEND_UNAVAILABLE', `Expected a backend for ${choice} but none started`, {
    hint: 'Install the dependencies again (npm ci), or use a newer Node.',
    cause: new AggregateError(
      failures.map(({ error }) => error),
      failures.map(({ name, error }) => `${name}: ${reasonOf(error)}`).join('\n    '),
    ),
  });
}

/** A backend's own words say that it did not start; what they were caused by says why. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== message ? `${message} (${cause.message})` : message;
}

function withoutIt(error: Error): string {
  const hint = error instanceof PipelineError ? error.hint : undefined;
  return `${reasonOf(error)}. Going on without it.${hint === undefined ? '' : ` ${hint}`}`;
}
