import type { data, Tensor } from '@tensorflow/tfjs';
import { type Batch, type BatchOptions, batches, readState, type Shuffle } from './batches.js';
import type { Tf } from './models/backends/backend.js';
import type { TensorCache } from './sinks/tensor-cache/cache.js';

export interface DatasetOptions extends Omit<BatchOptions, 'shuffle' | 'dtype' | 'buffers'> {
  /** The number of classes: labels become one-hot rows. */
  classes: number;
  /** Shuffles each epoch anew, by this seed, the first being 1; absent: the given order. */
  shuffle?: number | Omit<Shuffle, 'epoch'>;
}

/** Photos and their classes: xs [size, height, width, 3] or [size, length] float32, ys [size, classes] one-hot. */
export type DatasetBatch = { xs: Tensor; ys: Tensor };

/** A TensorFlow.js dataset, and how to free what its iterators hold. */
export type CacheDataset = data.Dataset<DatasetBatch> & { close(): Promise<void> };

/**
 * A cache's samples for a model's own `fitDataset`. Each pass over it is an epoch; with `from`, the first is the rest of
 * the epoch that the state is of. `fitDataset` disposes the tensors of
 * each batch, but never ends an iterator that it leaves before its end: `close` does.
 */
export function dataset(tf: Tf, cache: TensorCache, options: DatasetOptions): CacheDataset {
  const { classes, shuffle, from, ...rest } = options;
  const order = typeof shuffle === 'number' ? { seed: shuffle } : shuffle;
  const open = new Set<AsyncGenerator<DatasetBatch>>();
  // A state of an unshuffled stream is of epoch 0.
  const begun = from === undefined ? 1 : Math.max(1, readState(from).epoch);
  let epoch = begun - 1;
  const iterator = () => {
    epoch += 1;
    const source = batches(cache, {
      ...rest,
      dtype: 'float32',
      ...(order && { shuffle: { ...order, epoch } }),
      ...(from !== undefined && epoch === begun && { from }),
    });
    const generator = tensors(tf, source, classes, () => open.delete(generator));
    open.add(generator);
    return generator;
  };
  const made = tf.data.generator(iterator as unknown as () => Iterator<DatasetBatch>);
  const close = async () => {
    await Promise.all([...open].map((generator) => generator.return(undefined)));
    open.clear();
  };
  return Object.assign(made as unknown as data.Dataset<DatasetBatch>, { close });
}

async function* tensors(
  tf: Tf,
  source: AsyncGenerator<Batch>,
  classes: number,
  ended: () => void,
): AsyncGenerator<DatasetBatch> {
  try {
    for await (const { values, shape, labels } of source) {
      // A copy: the ring's buffer is filled again while some backends still read the memory they were given.
      yield {
        xs: tf.tensor(values.slice(), shape),
        ys: tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), classes).toFloat()),
      };
    }
  } finally {
    await source.return(undefined);
    ended();
  }
}
