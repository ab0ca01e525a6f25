import { mixBatch, mixes } from './augment/mix.js';
import { readHere } from './batches/here.js';
import type { Lender } from './batches/lender.js';
import { checkedOptions } from './batches/options.js';
import { openReaders, type Readers, type ReaderThreads } from './batches/readers.js';
import type { BatchSample } from './batches/samples.js';
import { resumeAt, writeState } from './batches/state.js';
import { type StreamOptions, streamPlan } from './batches/stream.js';
import { readInThreads } from './batches/threads.js';
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
 * One epoch of a cache's samples as batches over a ring of preallocated buffers. Ending early, an error or an abort
 * frees everything.
 * @throws {PipelineError} `ABORTED`; `USAGE` where options are out of range or `from` is another stream's;
 * `NOT_FOUND` where a key is not in the cache; `WORKER_CRASHED`.
 */
export async function* batches(cache: TensorCache, given: BatchOptions): AsyncGenerator<Batch> {
  const options = checkedOptions(cache.identity, given);
  const { samples, from, workers = 0, signal } = options;
  const { buffers = DEFAULT_BUFFERS, ahead = DEFAULT_AHEAD } = options;
  const plan = streamPlan(cache, samples, options);
  const { table, order, layout, identity } = plan;
  const first = from === undefined ? 0 : resumeAt(from, identity);
  if (first >= order.batches) return;
  const readers = (typeof workers === 'number' ? openReaders(cache, workers) : workers) as ReaderThreads;
  readers.assertFor(cache);
  let lender: Lender | undefined;
  try {
    const held = Math.max(2, Math.min(buffers, order.batches));
    const reading = { cache, plan, readers, first, held, signal };
    lender = readers.workers === 0 ? await readHere(reading) : readInThreads({ ...reading, ahead });
    for (let index = first; index < order.batches; index++) {
      const bytes = await lender.take(index);
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
      const mixed = mix(options, { shape, values, labels, keys });
      yield {
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

/** Mixes a batch in place, where the recipe says so. */
function mix(
  { augment }: BatchOptions,
  { values, ...batch }: Pick<Batch, 'shape' | 'values' | 'labels' | 'keys'>,
): Batch['mixed'] {
  if (augment === undefined || !mixes(augment.recipe) || values instanceof Uint8Array) return undefined;
  const { others, weights: shares } = mixBatch(augment.recipe, augment, { ...batch, values });
  return { others, shares };
}
