import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { ReaderThreads } from './readers.js';
import type { StreamPlan } from './stream.js';

/** Lends the memory of batches that are full. */
export interface Lender {
  /**
   * Waits until a batch is full; batches are taken in order. What was taken longer ago than `held` batches, this one
   * included, is given back.
   */
  take(batch: number): Promise<Uint8Array>;
  /** Frees everything, whatever is under way. */
  close(): Promise<void>;
}

/** What is to be read. */
export interface Reading {
  cache: TensorCache;
  plan: StreamPlan;
  readers: ReaderThreads;
  /** The first batch to be taken. */
  first: number;
  /** Batches that stay valid at once. */
  held: number;
  signal: AbortSignal | undefined;
}
