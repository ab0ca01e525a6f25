import { availableParallelism } from 'node:os';
import { asPipelineError, PipelineError } from '../../errors.js';
import { registerAdam } from '../optimizers.js';
import type { Backend, StartedBackend, Tf } from './backend.js';
import { removeBackend } from './remove.js';
import { resourceAdam } from './tensorflow/adam.js';
import { type Installed, installed } from './tensorflow/cache-folder.js';
import { hasDriver, missingCuda } from './tensorflow/cuda.js';
import { registerFusedKernels } from './tensorflow/kernels.js';
import { loadTensorFlow } from './tensorflow/load.js';
import type { InstallableName } from './tensorflow/release.js';
import { trackedBinding } from './tensorflow/tracked.js';

/** What TensorFlow.js calls it, for processor and GPU alike. */
const ENGINE_NAME = 'tensorflow';

/** Which installation this thread has loaded: the library can be in a process once. */
let loaded: { path: string; gpu: boolean; deleteAll(): void } | undefined;

/**
 * TensorFlow's own library under TensorFlow.js, from the user's cache folder (`pipeline backend install tensorflow`).
 * It computes on all cores (`TF_NUM_INTRAOP_THREADS` sets how many) and in the calling thread's time.
 */
export const tensorflow: Backend = {
  name: 'tensorflow',
  trains: true,
  isInstalled: () => installed('tensorflow') !== undefined,
  start: () => start('tensorflow'),
};

/** The same with CUDA: it starts only where TensorFlow finds a GPU, and never falls back to the processor. */
export const tensorflowGpu: Backend = {
  name: 'tensorflow-gpu',
  trains: true,
  isInstalled: () => installed('tensorflow-gpu') !== undefined,
  start: () => start('tensorflow-gpu'),
};

async function start(name: InstallableName): Promise<StartedBackend> {
  const installation = installed(name);
  if (installation === undefined) {
    throw new PipelineError('BACKEND_UNAVAILABLE', `Expected the backend ${name} but it is not installed`, {
      hint: `Install it: pipeline backend install ${name}`,
    });
  }
  try {
    return await startInstalled(installation);
  } catch (error) {
    const failure = asPipelineError(error);
    if (failure.code === 'BACKEND_UNAVAILABLE') throw failure;
    throw new PipelineError('BACKEND_UNAVAILABLE', `Expected the backend ${name} to start but it failed`, {
      hint: `Install it again: pipeline backend install ${name} --force`,
      cause: error,
    });
  }
}

/**
 * Starts an installation in the calling thread, whatever it is called and wherever it is.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE` where another one is loaded, or a GPU is expected and missing.
 */
export async function startInstalled({ name, path, version }: Installed): Promise<StartedBackend> {
  // Loading it takes long: only when it is used.
  const tf = await import('@tensorflow/tfjs');
  if (loaded !== undefined && loaded.path !== path) {
    throw new PipelineError(
      'BACKEND_UNAVAILABLE',
      `Expected one TensorFlow in a process but ${loaded.path} is loaded already`,
      { hint: `Start ${name} in a process of its own.` },
    );
  }
  // Without a driver it need not be loaded to know, and the processor's can still be.
  if (name === 'tensorflow-gpu' && !(await hasDriver())) throw await noGpu(path);
  loaded ??= load(tf, path);
  const { gpu, deleteAll } = loaded;
  if (name === 'tensorflow-gpu' && !gpu) throw await noGpu(path);
  if (!(await tf.setBackend(ENGINE_NAME))) throw new Error('TensorFlow.js refused the backend');
  const device = gpu ? 'a CUDA GPU' : cores(availableParallelism());
  return {
    name,
    device,
    version: `TensorFlow ${version}, TensorFlow.js ${tf.version_core}`,
    tf,
    memory: () => tf.memory().numBytes,
    async stop() {
      removeBackend(tf, ENGINE_NAME);
      deleteAll();
    },
  };
}

async function noGpu(path: string): Promise<PipelineError> {
  const missing = await missingCuda(path);
  return new PipelineError('BACKEND_UNAVAILABLE', 'Expected a GPU with CUDA but TensorFlow found none', {
    hint:
      missing.length > 0
        ? `Missing libraries: ${missing.join(', ')}. Install CUDA 12, or pip's packages of it, and run pipeline backend install tensorflow-gpu --force. Or use --backend tensorflow.`
        : 'Its libraries are there: check the driver with nvidia-smi. Or use --backend tensorflow.',
  });
}

function load(tf: Tf, path: string): NonNullable<typeof loaded> {
  const { binding, createBackend } = loadTensorFlow(path);
  const tracked = trackedBinding(binding);
  registerFusedKernels(tf);
  registerAdam(ENGINE_NAME, resourceAdam);
  tf.registerBackend(ENGINE_NAME, () => createBackend(tracked.binding), 3);
  return { path, gpu: binding.isUsingGpuDevice(), deleteAll: tracked.deleteAll };
}

const cores = (count: number) => (count === 1 ? '1 core' : `${count} cores`);
