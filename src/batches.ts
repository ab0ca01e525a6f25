import { mixBatch, mixes } from './augment/mix.js';
import type { StreamOptions } from './batches/epochs.js';
import { readHere } from './batches/here.js';
import type { Lender } from './batches/lender.js';
import { checkedOptions } from './batches/options.js';
import { openReaders, type Readers, type ReaderThreads } from './batches/readers.js';
import type { BatchSample } from './batches/samples.js';
import { resumeAt, type StreamIdentity, writeState } from './batches/state.js';
import { type StreamPlan, streamPlan } from './batches/stream.js';
import { readInThreads } from './batches/threads.js';
import { throwIfAborted } from './errors.js';
import type { TensorCache } from './sinks/tensor-cache/cache.js';

export type { Shuffle } from './batches/order.js';
export { openReaders, type Readers } from './batches/readers.js';
export type {
  AugmentOptions,
  RowDraw,
  RowTransform,
  RowTransformFactory,
  TransformOptions,
} from './batches/rows.js';
export type { BatchSample } from './batches/samples.js';
export { readState } from './batches/state.js';

export interface BatchOptions extends StreamOptions {
  samples: readonly BatchSample[];
  /**
   * So many epochs one after the other (default 1), each as a stream of it alone would be: those after the first have
   * the next numbers for `shuffle.epoch` and `augment.epoch`. Threads read on into the next epoch while the last
   * batches of one are taken, which a stream an epoch cannot.
   */
  epochs?: number;
  /** Goes on behind the batch whose `state` this is; samples and options must be the same. */
  from?: string;
  /**
   * Threads that read ahead, with a ring in shared memory: how many to start for this stream, or what `openReaders`
   * gave for one stream after the other. Default 0: each batch is read by the calling thread when it is
   * asked for. The batches are the same for any number.
   */
  workers?: number | Readers;
  /** Batches that may be held at once, at least 2 (default 3): one stays valid while so many less one are asked for after it. */
  buffers?: number;
  /** Batches that threads make beyond those, at least 1 (default 2). */
  ahead?: number;
  signal?: AbortSignal;
}

export interface Batch {
  /** `shuffle.epoch`, or 0 without, plus the number of epochs of the stream before it. */
  epoch: number;
  /** 0-based within the epoch. */
  index: number;
  size: number;
  /** [size, height, width, 3] for pixels, [size, length] for vectors; row-major. */
  shape: number[];
  /** A view into the ring: see `BatchOptions.buffers`. */
  values: Uint8Array | Float32Array;
  /** Classes, [size]. */
  labels: Int32Array;
  /** The photos' keys in the cache, [size]. */
  keys: Uint32Array;
  /** 1, or 0 for a row of padding: see `BatchOptions.last`; [size]. */
  weights: Float32Array;
  /** Where photos are mixed (mixup, cutmix): row r is `shares[r]` of `labels[r]` and the rest of 1 of `others[r]`. */
  mixed?: { others: Int32Array; shares: Float32Array };
  /** What `BatchOptions.from` takes to go on behind this batch. */
  state: string;
}

const DEFAULT_BUFFERS = 3;
const DEFAULT_AHEAD = 2;

/**
 * Epochs of a cache's samples as batches over a ring of preallocated buffers. Ending early, an error or an abort frees
 * everything.
 * @throws {PipelineError} `ABORTED`; `USAGE` where options are out of range or `from` is another stream's;
 * `NOT_FOUND` where a key is not in the cache; `WORKER_CRASHED`.
 */
export async function* batches(cache: TensorCache, given: BatchOptions): AsyncGenerator<Batch> {
  const options = checkedOptions(cache.identity, given);
  const { samples, epochs: count = 1, from, workers = 0, signal } = options;
  const { buffers = DEFAULT_BUFFERS, ahead = DEFAULT_AHEAD } = options;
  const plan = streamPlan(cache, samples, { ...options, epochs: count });
  const { table, epochs, layout } = plan;
  const first = from === undefined ? 0 : firstAfter(from, plan);
  // Also where nothing is left: what is wrong must not depend on how much was read.
  if (signal !== undefined) throwIfAborted(signal);
  if (typeof workers !== 'number') (workers as ReaderThreads).assertFor(cache);
  if (first >= epochs.batches) return;
  const readers = (typeof workers === 'number' ? openReaders(cache, workers) : workers) as ReaderThreads;
  let lender: Lender | undefined;
  try {
    const held = Math.max(2, Math.min(buffers, epochs.batches));
    const reading = { cache, plan, readers, first, held, signal };
    lender = readers.workers === 0 ? await readHere(reading) : readInThreads({ ...reading, ahead });
    let identity: StreamIdentity | undefined;
    for (let batch = first; batch < epochs.batches; batch++) {
      const bytes = await lender.take(batch);
      const { number, order, index, options: own } = epochs.at(batch);
      if (identity === undefined || index === 0) identity = plan.identity(number);
      const size = order.size(index);
      const real = order.real(index);
      const keys = new Uint32Array(size);
      const labels = new Int32Array(size);
      const weights = new Float32Array(size).fill(1, 0, real);
      for (let row = 0; row < size; row++) {
        const sample = order.sampleAt(order.position(index, row));
        keys[row] = table.keys[sample]!;
        labels[row] = table.labels[sample]!;
      }
      const used = bytes.subarray(0, size * layout.bytes);
      const shape = [size, ...layout.shape];
      const values =
        layout.dtype === 'uint8'
          ? used
          : new Float32Array(used.buffer as ArrayBuffer, used.byteOffset, used.length / 4);
      const mixed = mix(own, { shape, values, labels, keys });
      yield {
        epoch: identity.epoch,
        index,
        size,
        shape,
        values,
        labels,
        keys,
        weights,
        ...(mixed && { mixed }),
        state: writeState(identity, index + 1),
      };
    }
  } finally {
    await lender?.close();
    if (typeof workers === 'number') await readers.close();
  }
}

/** The batch of the whole stream that comes behind the one that a state was taken with. */
function firstAfter(state: string, { epochs, options, identity }: StreamPlan): number {
  const { epoch, next } = resumeAt(state, {
    epochs: options.epochs,
    each: epochs.each,
    identityOf: identity,
  });
  return epoch * epochs.each + next;
}

/** Mixes a batch in place, where the recipe says so. */
function mix(
  { augment }: StreamOptions,
  { values, ...batch }: Pick<Batch, 'shape' | 'values' | 'labels' | 'keys'>,
): Batch['mixed'] {
  if (augment === undefined || !mixes(augment.recipe) || values instanceof Uint8Array) return undefined;
  const { others, weights: shares } = mixBatch(augment.recipe, augment, { ...batch, values });
  return { others, shares };
}
