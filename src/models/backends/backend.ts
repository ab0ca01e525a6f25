import type * as tfjs from '@tensorflow/tfjs';

/** The part of TensorFlow.js that networks, training and prediction are written against. */
export type Tf = typeof tfjs;

export type BackendName = 'tensorflow-gpu' | 'webgpu' | 'tensorflow' | 'wasm' | 'cpu';

/** What a user may ask for: `auto` is the best that trains here. */
export const BACKEND_CHOICES = ['auto', 'tensorflow-gpu', 'webgpu', 'tensorflow', 'wasm', 'cpu'] as const;
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

/** A backend that was started in this thread. */
export interface StartedBackend {
  readonly name: BackendName;
  /** What it computes on, for people: `2 cores, WebAssembly SIMD`. */
  readonly device: string;
  /** Whether the processor only stands in for the device it is made for: `auto` never takes it then. */
  readonly emulated?: boolean;
  /** The libraries behind it, for people: `TensorFlow.js 4.22.0`. */
  readonly version: string;
  readonly tf: Tf;
  /** Bytes that its tensors hold now. */
  memory(): number;
  /** Frees what it holds; the thread can start another afterwards. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /**
   * How many threads it may compute on, where it has a say in that; 1 unless told, as many as the thread that calls.
   * What it computes does not depend on it.
   */
  readonly threads?: number;
  /** Told when what starts is slower than its user has reason to expect, and why; default: a warning of the process. */
  readonly warn?: (text: string) => void;
}

/** A way to run TensorFlow.js from Node. */
export interface Backend {
  readonly name: BackendName;
  /** Whether it has every gradient that the networks need. */
  readonly trains: boolean;
  /** Whether it is on this machine; absent where it comes with the package. `auto` passes over it quietly otherwise. */
  isInstalled?(): boolean;
  /**
   * Starts it in the calling thread and makes it TensorFlow.js's current backend.
   * @throws {PipelineError} `BACKEND_UNAVAILABLE` with what is missing and what to do.
   */
  start(options?: StartOptions): Promise<StartedBackend>;
}
