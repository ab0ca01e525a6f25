import type { Tensor } from '@tensorflow/tfjs';
import { type AugmentOptions, type Batch, batches, openReaders, type Readers } from '../batches.js';
import { PipelineError } from '../errors.js';
import type { Normalisation } from '../normalisation.js';
import type { Sample } from '../records.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import type { Cut, Outputs } from './cut.js';
import { pooledOf } from './taps.js';

/** A sample as the trainer wants it: its photo's key in the cache and its class's index. */
export interface KeyedSample {
  key: number;
  label: number;
}

/**
 * Finds samples' photos in a cache and their labels among the classes.
 * @throws {PipelineError} `NOT_FOUND` where a photo is not in the cache or a label is not a class.
 */
export function keyedSamples(
  cache: TensorCache,
  samples: readonly Sample[],
  classes: readonly string[],
): KeyedSample[] {
  const indices = new Map(classes.map((name, index) => [name, index]));
  return samples.map(({ sha256, path, label: name }) => {
    const key = cache.keyOf(sha256);
    if (key === undefined) {
      throw new PipelineError(
        'NOT_FOUND',
        `Expected the photo in the cache ${cache.path} but it is not there`,
        {
          key: path,
          hint: 'Build the cache again: photos that are there already are kept.',
        },
      );
    }
    const label = indices.get(name);
    if (label === undefined) {
      throw new PipelineError('NOT_FOUND', `Expected one of the model’s classes but received "${name}"`, {
        key: path,
        hint: 'Train the model on samples that have this class.',
      });
    }
    return { key, label };
  });
}

/** Of [batch, height, width, channels]. */
const WIDTH_AXIS = 2;

export interface FeedOptions {
  batchSize: number;
  signal: AbortSignal;
  /** Absent: in the order given. */
  shuffle?: { seed: number; epoch: number };
  /** Each class equally often, in as many draws; with `shuffle`. Absent: each sample once. */
  balance?: 'class';
  /** Of pixels: how photos are changed, anew in each epoch. */
  augment?: AugmentOptions;
  /** Told how long each batch was waited for. */
  onWait?: (milliseconds: number) => void;
}

/** A cache as a network's input: pixels, or a frozen base's features. */
export interface Feed {
  /** One stream at a time. */
  batches(samples: readonly KeyedSample[], options: FeedOptions): AsyncGenerator<Batch>;
  /**
   * What a cut model's upper part takes; call it in a tidy.
   * @param mirrored of the photos' mirror images; of features, those that hold them.
   */
  outputs(cut: Cut, batch: Batch, mirrored?: boolean): Outputs;
  /** Ends the thread that reads. */
  close(): Promise<void>;
}

/**
 * Pixels are read and normalised by a thread, two batches ahead of the one that the trainer works on; features, which
 * are a thousandth of the bytes, by the trainer itself.
 */
export function createFeed(tf: Tf, cache: TensorCache, preprocessing: Normalisation): Feed {
  const { identity } = cache;
  const vectors = identity.kind === 'vectors';
  let readers: Readers | undefined;
  return {
    batches(samples, { batchSize, signal, shuffle, balance, augment, onWait }) {
      readers ??= openReaders(cache, vectors ? 0 : 1);
      const source = batches(cache, {
        samples,
        batchSize,
        signal,
        dtype: 'float32',
        buffers: 2,
        ahead: 2,
        workers: readers,
        ...(!vectors && { normalise: preprocessing, ...(augment && { augment }) }),
        ...(shuffle && { shuffle }),
        ...(balance && { balance }),
      });
      return timed(source, onWait);
    },
    outputs(cut, { values, shape }, mirrored = false) {
      const input: Tensor = tf.tensor(ownMemory(tf, values), shape);
      return vectors
        ? pooledOf(identity, cut, input, mirrored)
        : cut.below(mirrored ? input.reverse(WIDTH_AXIS) : input);
    },
    async close() {
      await readers?.close();
      readers = undefined;
    },
  };
}

/** The WebAssembly backend copies what it is given at once; others read it later, and may not take shared memory. */
function ownMemory(tf: Tf, values: Batch['values']): Batch['values'] {
  const shared = values.buffer instanceof SharedArrayBuffer;
  return shared && tf.getBackend() !== 'wasm' ? values.slice() : values;
}

/** Tells how long each batch was waited for. */
async function* timed<T>(
  source: AsyncGenerator<T>,
  onWait: (milliseconds: number) => void = () => {},
): AsyncGenerator<T> {
  try {
    while (true) {
      const asked = performance.now();
      const result = await source.next();
      onWait(performance.now() - asked);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    await source.return(undefined);
  }
}
