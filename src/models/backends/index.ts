import { PipelineError } from '../../errors.js';
import type { Backend, BackendChoice, StartedBackend } from './backend.js';
import { cpu } from './cpu.js';
import { tensorflow, tensorflowGpu } from './tensorflow.js';
import { wasm } from './wasm.js';

/** Every backend, the preferred ones first. */
export const backends: readonly Backend[] = [tensorflowGpu, tensorflow, wasm, cpu];

/**
 * Starts the backend of this name in the calling thread; `auto` is the first that trains and starts.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE` with what is missing and what to do.
 */
export async function startBackend(choice: BackendChoice): Promise<StartedBackend> {
  const candidates = backends.filter(({ name, trains, isInstalled }) =>
    choice === 'auto' ? trains && (isInstalled?.() ?? true) : name === choice,
  );
  let cause: unknown;
  for (const backend of candidates) {
    try {
      return await backend.start();
    } catch (error) {
      if (choice !== 'auto') throw error;
      cause ??= error;
      // Slower than its user has reason to expect: that has to be said.
      process.emitWarning(`${(error as Error).message}; going on without ${backend.name}`, 'BackendWarning');
    }
  }
  throw new PipelineError('BACKEND_UNAVAILABLE', `Expected a backend for ${choice} but none started`, {
    hint: 'Install the dependencies again (npm ci), or use a newer Node.',
    cause,
  });
}
