import type { backend_util, KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.js';

/** The part of the WebAssembly backend that kernels work with. */
export interface WasmBackend {
  /** Allocates on the WebAssembly heap; the contents are what was there before. */
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  /** A view of the heap, valid until the next allocation. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
  disposeData(dataId: object): boolean;
}

/** What a kernel is called with. */
export interface Call<Attributes> {
  inputs: Readonly<Record<string, TensorInfo>>;
  backend: WasmBackend;
  attrs: Attributes;
}

/** A kernel that the WebAssembly backend lacks or has wrong. */
export interface WasmKernel {
  readonly name: string;
  /** The kernel as TensorFlow.js registers it. */
  config(tf: Tf): KernelConfig;
}

export function wasmKernel<Attributes>(
  name: string,
  run: (tf: Tf, call: Call<Attributes>) => TensorInfo,
): WasmKernel {
  return {
    name,
    config: (tf) => ({
      kernelName: name,
      backendName: 'wasm',
      kernelFunc: (call) => run(tf, call as unknown as Call<Attributes>),
    }),
  };
}

export type Padding = backend_util.ExplicitPadding | 'same' | 'valid' | number;

/** What convolutions share. */
export interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: Padding;
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NHWC' | 'NCHW';
}

type Shape4D = [number, number, number, number];
export const shape4D = (shape: readonly number[]) => shape as Shape4D;

/** Runs another kernel of the backend. */
export function runKernel(
  tf: Tf,
  backend: WasmBackend,
  name: string,
  inputs: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
): TensorInfo {
  const { kernelFunc } = tf.getKernel(name, 'wasm');
  return kernelFunc({ inputs, backend, attrs } as unknown as Parameters<
    KernelConfig['kernelFunc']
  >[0]) as TensorInfo;
}

/** Throws unless channels come last: the only layout that the backend has. */
export function assertChannelsLast({ dataFormat = 'NHWC' }: ConvolutionAttributes, kernel: string): void {
  if (dataFormat !== 'NHWC') throw new Error(`${kernel}: Expected NHWC but received ${dataFormat}`);
}
