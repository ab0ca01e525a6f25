import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { asPipelineError, PipelineError } from '../../errors.js';
import type { Backend } from './backend.js';
import { keepingFailureHandlers } from './failure-handlers.js';
import { removeBackend } from './remove.js';
import { kernelsOf, type WasmBackend } from './wasm-kernels/memory.js';

const hint = 'Install the dependencies again (npm ci), or choose the backend cpu.';

/**
 * TensorFlow.js's WebAssembly backend with SIMD, one thread (its package switches threads off in Node), and our
 * gradients. Nothing native is needed.
 */
export const wasm: Backend = {
  name: 'wasm',
  trains: true,
  async start() {
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
      if (!(await keepingFailureHandlers(() => tf.setBackend('wasm')))) {
        throw new PipelineError('BACKEND_UNAVAILABLE', 'Expected WebAssembly to start but it did not', {
          hint,
        });
      }
      kernelsOf(tf.backend() as WasmBackend);
      return {
        name: 'wasm',
        device: '1 core, WebAssembly SIMD',
        version: `TensorFlow.js ${tf.version.tfjs}`,
        tf,
        memory: () => tf.memory().numBytes,
        stop: () => keepingFailureHandlers(() => removeBackend(tf, 'wasm')),
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
