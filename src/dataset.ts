import type { data, Tensor } from '@tensorflow/tfjs';
import {
  type AugmentOptions,
  type Batch,
  type BatchOptions,
  batches,
  readState,
  type Shuffle,
} from './batches.js';
import { PipelineError } from './errors.js';
import type { Tf } from './models/backends/backend.js';
import type { TensorCache } from './sinks/tensor-cache/cache.js';

export interface DatasetOptions
  extends Omit<BatchOptions, 'shuffle' | 'augment' | 'epochs' | 'dtype' | 'buffers'> {
  /** The number of classes, above every label: labels become one-hot rows. */
  classes: number;
  /** Shuffles each epoch anew, by this seed, the first being 1; absent: the given order. */
  shuffle?: number | Omit<Shuffle, 'epoch'>;
  /** Other views in each epoch, the first being 1. */
  augment?: Omit<AugmentOptions, 'epoch'>;
}

/**
 * Photos and their classes: xs [size, height, width, 3] or [size, length] float32, ys [size, classes]: one-hot, or where
 * photos are mixed each one's share of its class.
 */
export type DatasetBatch = { xs: Tensor; ys: Tensor };

/** A TensorFlow.js dataset, and how to free what its iterators hold. */
export type CacheDataset = data.Dataset<DatasetBatch> & { close(): Promise<void> };

/**
 * A cache's samples for a model's own `fitDataset`. Each pass over it is an epoch; with `from`, the first is the rest of
 * the epoch that the state is of. Rows of padding are left out: `fitDataset` knows no weights. It disposes the tensors of
 * each batch, but never ends an iterator that it leaves before its end: `close` does.
 * @throws {PipelineError} `USAGE` for `epochs`; from its iterators, what `batches` throws, and `USAGE` for a label that is
 * none of the classes'.
 */
export function dataset(tf: Tf, cache: TensorCache, options: DatasetOptions): CacheDataset {
  const { classes, shuffle, augment, from, ...rest } = options;
  if ('epochs' in rest) throw new PipelineError('USAGE', 'Expected no epochs: each pass of a dataset is one');
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
      ...(augment && { augment: { ...augment, epoch } }),
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
    for await (const batch of source) {
      // Padding comes last.
      const size = batch.weights.filter((weight) => weight > 0).length;
      if (size === 0) continue;
      const shape = [size, ...batch.shape.slice(1)];
      const length = shape.reduce((product, side) => product * side, 1);
      // Copies: the ring's buffer is filled again while some backends still read the memory they were given.
      const ys = shares(batch, size, classes);
      yield {
        xs: tf.tensor(batch.values.slice(0, length), shape),
        ys: tf.tensor2d(ys, [size, classes]),
      };
    }
  } finally {
    await source.return(undefined);
    ended();
  }
}

/** What share of each row is of each class, [size, classes]. */
function shares({ labels, mixed }: Batch, size: number, classes: number): Float32Array {
  const rows = new Float32Array(size * classes);
  const add = (row: number, label: number, share: number) => {
    if (label < 0 || label >= classes) {
      throw new PipelineError('USAGE', `Expected labels from 0 to ${classes - 1} but received ${label}`);
    }
    rows[row * classes + label]! += share;
  };
  for (let row = 0; row < size; row++) {
    const share = mixed?.shares[row] ?? 1;
    add(row, labels[row]!, share);
    if (mixed !== undefined) add(row, mixed.others[row]!, 1 - share);
  }
  return rows;
}
