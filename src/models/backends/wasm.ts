import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { asPipelineError, PipelineError } from '../../errors.js';
import type { Backend, Tf } from './backend.js';
import { keepingFailureHandlers } from './failure-handlers.js';
import { removeBackend } from './remove.js';
import { kernelsOf, type WasmBackend } from './wasm-kernels/memory.js';
import { MOST_THREADS, registerThreaded, type Threads } from './wasm-threads/start.js';

const hint = 'Install the dependencies again (npm ci), or choose the backend cpu.';

/** The threads of this thread's backend; absent where it computes in the calling thread alone. */
let threads: Threads | undefined;
let count = 1;
/** How the package makes its own, with one thread. */
let single: ReturnType<Tf['findBackendFactory']> | undefined;

/**
 * TensorFlow.js's WebAssembly backend with SIMD on one thread or several, and our gradients. Nothing native is needed.
 * Asked for again before it was stopped, it is the one that runs, whatever number of threads is asked for.
 */
export const wasm: Backend = {
  name: 'wasm',
  trains: true,
  async start({ threads: wanted = 1, warn = (text: string) => process.emitWarning(text) } = {}) {
    try {
      // Loading them takes long: only when they are used.
      const tf = await import('@tensorflow/tfjs');
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      const { registerTrainingKernels } = await import('./wasm-kernels/index.js');
      if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
        throw new PipelineError(
          'BACKEND_UNAVAILABLE',
          'Expected WebAssembly with SIMD but this Node lacks it',
          {
            hint: 'Choose the backend cpu.',
          },
        );
      }
      const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
      setWasmPaths(`${dirname(entry)}${sep}`);
      registerTrainingKernels(tf);
      single ??= tf.findBackendFactory('wasm');
      const started = await keepingFailureHandlers(async () => {
        if (!isRunning(tf)) {
          const asked = Math.min(MOST_THREADS, wanted);
          threads = asked > 1 ? await threadsOrNone(tf, asked, warn) : undefined;
          count = threads ? asked : 1;
        }
        return tf.setBackend('wasm');
      });
      if (!started) {
        throw new PipelineError('BACKEND_UNAVAILABLE', 'Expected WebAssembly to start but it did not', {
          hint,
        });
      }
      kernelsOf(tf.backend() as WasmBackend);
      return {
        name: 'wasm',
        device: `${count} ${count === 1 ? 'core' : 'cores'}, WebAssembly SIMD`,
        version: `TensorFlow.js ${tf.version.tfjs}`,
        tf,
        memory: () => tf.memory().numBytes,
        stop: () => keepingFailureHandlers(() => stop(tf)),
      };
    } catch (error) {
      const cause = asPipelineError(error);
      if (cause.code === 'BACKEND_UNAVAILABLE') throw cause;
      throw new PipelineError(
        'BACKEND_UNAVAILABLE',
        'Expected @tensorflow/tfjs-backend-wasm to start but it failed',
        {
          hint,
          cause: error,
        },
      );
    }
  },
};

/** Where threads cannot start, one is still far faster than any other backend that needs nothing. */
async function threadsOrNone(
  tf: Tf,
  asked: number,
  warn: (text: string) => void,
): Promise<Threads | undefined> {
  try {
    return await registerThreaded(tf, asked);
  } catch (error) {
    warn(`WebAssembly starts no threads (${(error as Error).message}): going on with one`);
    return undefined;
  }
}

function isRunning(tf: Tf): boolean {
  return 'wasm' in (tf.engine() as unknown as { registry: Record<string, unknown> }).registry;
}

async function stop(tf: Tf): Promise<void> {
  if (!isRunning(tf)) return;
  removeBackend(tf, 'wasm');
  if (threads === undefined) return;
  // The next start may ask for one thread.
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', single!, 2);
  await threads.ended();
  threads = undefined;
}
