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
 * @throws {PipelineError} `BACKEND_UNAVAILABLE` with what is missing and what to do.
 */
export async function startBackend(
  choice: BackendChoice,
  options: StartOptions = {},
): Promise<StartedBackend> {
  const candidates = backends.filter(({ name, trains, isInstalled }) =>
    choice === 'auto' ? trains && (isInstalled?.() ?? true) : name === choice,
  );
  let cause: unknown;
  for (const backend of candidates) {
    try {
      const started = await backend.start(options);
      if (choice !== 'auto' || !started.emulated) return started;
      await started.stop();
    } catch (error) {
      if (choice !== 'auto') throw error;
      cause ??= error;
      // Slower than its user has reason to expect: that has to be said.
      if (backend.isInstalled) process.emitWarning(`${(error as Error).message}: going on without it`);
    }
  }
  throw new PipelineError('BACKEND_UNAVAILABLE', `Expected a backend for ${choice} but none started`, {
    hint: 'Install the dependencies again (npm ci), or use a newer Node.',
    cause,
  });
}
