/**
 * A thread of the WebAssembly backend's own operations. Emscripten's glue in that package starts it and says what to
 * do; this is the package's tfjs-backend-wasm-threaded-simd.worker.js for Node, which reads the glue from a file and not
 * from the blob's URL that Node cannot load (github.com/tensorflow/tfjs/issues/3830).
 */
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';

/** What the glue of a thread offers and takes. */
interface Pthread {
  wasmModule?: WebAssembly.Module;
  wasmMemory: WebAssembly.Memory;
  buffer: ArrayBuffer;
  ENVIRONMENT_IS_PTHREAD: true;
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
  __emscripten_thread_init(thread: number, isMain: 0, isRuntime: 0, canBlock: 1): void;
  establishStackSpace(): void;
  readonly PThread: { threadInitTLS(): void };
  invokeEntryPoint(routine: number, argument: number): void;
}

type Order =
  | { cmd: 'load'; wasmModule: WebAssembly.Module; wasmMemory: WebAssembly.Memory }
  | { cmd: 'run'; pthread_ptr: number; start_routine: number; arg: number };

const require = createRequire(import.meta.url);
const port = parentPort!;
let thread: Pthread | undefined;

Object.assign(globalThis, {
  postMessage: (message: unknown) => port.postMessage(message),
  self: globalThis,
  startWorker(started: Pthread) {
    thread = started;
    port.postMessage({ cmd: 'loaded' });
  },
});

port.on('message', (order: Order) => {
  if (order.cmd === 'load') load(order);
  else if (order.cmd === 'run') {
    thread!.__emscripten_thread_init(order.pthread_ptr, 0, 0, 1);
    thread!.establishStackSpace();
    thread!.PThread.threadInitTLS();
    // Waits in there for work, and for ever: such a thread is ended, it does not return.
    thread!.invokeEntryPoint(order.start_routine, order.arg);
  }
});

function load({
  wasmModule,
  wasmMemory,
}: {
  wasmModule: WebAssembly.Module;
  wasmMemory: WebAssembly.Memory;
}) {
  const factory = require('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js') as (
    module: Partial<Pthread>,
  ) => unknown;
  factory({
    wasmMemory,
    buffer: wasmMemory.buffer,
    ENVIRONMENT_IS_PTHREAD: true,
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(wasmModule, imports);
      receive(instance);
      return instance.exports;
    },
  });
}
