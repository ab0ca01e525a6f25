import { readFileSync } from 'node:fs';
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs';
import { PipelineError } from '../../../errors.js';

/** What the kernels use of `BackendWasm`, which its package does not type. */
export interface WasmBackend extends KernelBackend {
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } };
  readonly wasm: {
    readonly asm: { readonly memory?: WebAssembly.Memory };
    /** Where threads share it. */
    readonly wasmMemory?: WebAssembly.Memory;
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  makeOutput(shape: number[], dtype: TensorInfo['dtype']): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array;
}

type Numbers = (...numbers: number[]) => void;

/** Exports of src/kernels/assembly/training.ts, where their arguments are named. */
interface TrainingKernels {
  readonly place: Numbers;
  readonly pack: Numbers;
  readonly correlate: Numbers;
  readonly unpack: Numbers;
  readonly rotate: Numbers;
  readonly depthwiseFilterGradient: Numbers;
  readonly depthwiseInputGradient: Numbers;
  readonly maxPoolGradient: Numbers;
  readonly avgPoolGradient: Numbers;
  readonly columnSums: Numbers;
}

const instances = new WeakMap<WasmBackend, TrainingKernels>();

/**
 * The kernels, on the memory of this backend.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE` where that memory cannot be reached.
 */
export function kernelsOf(backend: WasmBackend): TrainingKernels {
  const known = instances.get(backend);
  if (known) return known;
  const memory = backend.wasm.wasmMemory ?? backend.wasm.asm.memory;
  if (memory === undefined) {
    throw new PipelineError(
      'BACKEND_UNAVAILABLE',
      'Expected @tensorflow/tfjs-backend-wasm to export its memory but it does not',
      { hint: 'Install version 4.22.0 of it, or choose the backend cpu.' },
    );
  }
  const file = memory.buffer instanceof SharedArrayBuffer ? 'training-shared.wasm' : 'training.wasm';
  const bytes = readFileSync(new URL(`../../../kernels/${file}`, import.meta.url));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const kernels = instance.exports as unknown as TrainingKernels;
  instances.set(backend, kernels);
  return kernels;
}

/** Where a tensor's values begin, in bytes. */
export const addressOf = (backend: WasmBackend, { dataId }: TensorInfo) =>
  backend.dataIdMap.get(dataId).memoryOffset;

export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** A float32 tensor of zeros, with its address. */
export function zeros(backend: WasmBackend, shape: number[]): { tensor: TensorInfo; address: number } {
  const tensor = backend.makeOutput(shape, 'float32');
  const address = addressOf(backend, tensor);
  backend.wasm.HEAPU8.fill(0, address, address + 4 * sizeOf(shape));
  return { tensor, address };
}

/** Lends float32 rooms of these lengths, uninitialised, for the time of a call. */
export function withRooms<const L extends readonly number[]>(
  backend: WasmBackend,
  lengths: L,
  use: (...addresses: { [K in keyof L]: number }) => void,
): void {
  const { wasm } = backend;
  const addresses: number[] = [];
  try {
    for (const length of lengths) {
      // malloc's result is signed.
      const address = wasm._malloc(Math.max(4, 4 * length)) >>> 0;
      if (address === 0) throw new RangeError(`Expected room for ${length} numbers in WebAssembly memory`);
      addresses.push(address);
    }
    use(...(addresses as { [K in keyof L]: number }));
  } finally {
    for (const address of addresses) wasm._free(address);
  }
}
