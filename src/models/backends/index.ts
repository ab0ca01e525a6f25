import { PipelineError } from '../../errors.js';
import type { Backend, BackendChoice, StartedBackend } from './backend.js';
import { cpu } from './cpu.js';
import { wasm } from './wasm.js';

/** Every backend, in the order in which `auto` tries them. A new one is one new file and one line here. */
export const backends: readonly Backend[] = [wasm, cpu];

/**
 * Starts a backend in the calling thread; `auto` is the first that trains and can be started.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE`
 */
export async function startBackend(choice: BackendChoice): Promise<StartedBackend> {
  const candidates = backends.filter(({ name, trains }) => (choice === 'auto' ? trains : name === choice));
  const failures: unknown[] = [];
  for (const backend of candidates) {
    try {
      return await backend.start();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  throw new PipelineError(
    'BACKEND_UNAVAILABLE',
    `Expected a backend for "${choice}" but none could be started`,
    {
      cause: new AggregateError(failures, failures.map(String).join('; ')),
    },
  );
}
