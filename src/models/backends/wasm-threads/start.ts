import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { KernelBackend } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';

/** Emscripten's glue has 8 workers ready. A further one would need the thread that waits for it: never that many. */
export const MOST_THREADS = 8;

type Command = (...numbers: number[]) => unknown;

/** What is used of the package's Emscripten module with threads. */
interface ThreadedModule {
  readonly PThread: { readonly runningWorkers: Worker[]; unusedWorkers: Worker[] };
  cwrap(name: string, returns: 'number' | null, takes: readonly 'number'[]): Command;
  /** What its `BackendWasm` calls, which it wraps itself where it loads the module. */
  tfjs?: Record<string, Command>;
}

interface Configuration {
  locateFile(name: string): string;
  instantiateWasm(
    imports: { env: Record<string, unknown> },
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): WebAssembly.Exports;
}

/** Makes the module of what it is given, at once as far as its workers. */
type Factory = (configuration: Configuration & Partial<ThreadedModule>) => Promise<ThreadedModule>;

const require = createRequire(import.meta.url);
const threaded = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd';

/** Threads that were started. */
export interface Threads {
  /** To be told after the backend was disposed of; resolves once they have ended. */
  ended(): Promise<void>;
}

/**
 * Registers TensorFlow.js's backend `wasm` with its operations (XNNPACK's) on this many threads, the calling one among
 * them; the package itself never does so in Node. They keep no process alive.
 * @param threads 2..MOST_THREADS
 */
export async function registerThreaded(tf: Tf, threads: number): Promise<Threads> {
  const { BackendWasm } = await import('@tensorflow/tfjs-backend-wasm');
  const module = await load(threads);
  const initialise = module.cwrap('init_with_threads_count', null, ['number']);
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: () => initialise(threads),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  };
  const { PThread } = module;
  const spare = PThread.unusedWorkers;
  const backend: KernelBackend = new BackendWasm(module as never);
  const running = [...PThread.runningWorkers];
  for (const worker of running) worker.unref();
  // The glue always starts as many as it could need.
  await end(spare.splice(0));
  if (running.length !== threads - 1) {
    await end(running);
    throw new RangeError(`Expected ${threads - 1} more threads but received ${running.length}`);
  }
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', () => backend, 2);
  return { ended: () => end(running) };
}

async function load(threads: number): Promise<ThreadedModule> {
  const factory = require(`${threaded}.js`) as Factory;
  const wasmModule = new WebAssembly.Module(readFileSync(require.resolve(`${threaded}.wasm`)));
  const module: Parameters<Factory>[0] = {
    // It asks for its worker only: the WebAssembly is made here.
    locateFile: (name) =>
      name.endsWith('.js') ? fileURLToPath(new URL('./pthread.js', import.meta.url)) : name,
    instantiateWasm(imports, receive) {
      // XNNPACK takes at most half of these.
      imports.env.emscripten_num_logical_cores = () => 2 * threads;
      const instance = new WebAssembly.Instance(wasmModule, imports);
      receive(instance, wasmModule);
      return instance.exports;
    },
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  try {
    const loading = factory(module);
    return await Promise.race([loading, failureOf(module.PThread!.unusedWorkers, loading)]);
  } catch (error) {
    await end(module.PThread?.unusedWorkers ?? []);
    throw error;
  } finally {
    // The glue leaves Node's Worker there.
    if (before) Object.defineProperty(globalThis, 'Worker', before);
    else Reflect.deleteProperty(globalThis, 'Worker');
  }
}

/** Rejects when a worker fails while they load. Afterwards that is thrown where nobody catches it, as the glue does. */
function failureOf(workers: readonly Worker[], loading: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    let fail = reject as (error: unknown) => void;
    const rethrow = (error: unknown) => {
      throw error;
    };
    loading.then(
      () => {
        fail = rethrow;
      },
      () => undefined,
    );
    for (const worker of workers) worker.removeAllListeners('error').on('error', (error) => fail(error));
  });
}

async function end(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.terminate()));
}
