import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { PipelineError } from '../../errors.js';
import type { Backend } from './backend.js';
import { registerWasmKernels } from './wasm-kernels/index.js';

const NAME = 'wasm';

/** TensorFlow.js's WebAssembly kernels: one thread with SIMD, nothing but npm. */
export const wasm: Backend = {
  name: NAME,
  trains: true,
  async start() {
    const tf = await import('@tensorflow/tfjs');
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    registerWasmKernels(tf);
    setWasmPaths(join(dirname(entry), sep));
    try {
      if (!(await tf.setBackend(NAME))) throw new Error('its binary could not be started');
      await tf.ready();
    } catch (error) {
      throw new PipelineError('BACKEND_UNAVAILABLE', 'Expected the WebAssembly backend to start', {
        key: NAME,
        hint: 'Use --backend cpu, which needs no WebAssembly SIMD.',
        cause: error,
      });
    }
    return {
      name: NAME,
      device: '1 core, WebAssembly SIMD',
      tf,
      memory: () => tf.memory().numBytes,
      stop: async () => tf.removeBackend(NAME),
    };
  },
};
