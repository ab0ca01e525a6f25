import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { identityHash } from '../sinks/tensor-cache/same-identity.js';
import { createOrder, type Order, type OrderOptions } from './order.js';
import { type RowLayout, type RowOptions, rowLayout } from './rows.js';
import { type BatchSample, type SampleTable, samplesHash, sampleTable } from './samples.js';
import { optionsHash, type StreamIdentity } from './state.js';

/** Everything about a stream that is known before anything is read. */
export interface StreamPlan {
  /** Those alone, so that they can go to other threads. */
  options: StreamOptions & { seed: number; epoch: number };
  table: SampleTable;
  order: Order;
  layout: RowLayout;
  identity: StreamIdentity;
}

/** What makes two streams the same: neither threads nor buffers are in it. */
export type StreamOptions = OrderOptions & RowOptions;

export function streamPlan(
  cache: TensorCache,
  samples: readonly BatchSample[],
  options: StreamOptions,
): StreamPlan {
  const { batchSize, shuffle, balance, shard, last = 'keep' } = options;
  const { dtype, normalise, height, width, augment, transform } = options;
  const byKey = shuffle?.mode === 'block';
  const table = sampleTable(samples, balance !== undefined ? 'label' : byKey ? 'key' : 'given');
  const layout = rowLayout(cache, options);
  const { seed = 0, epoch = 0, ...mode } = shuffle ?? {};
  return {
    options: {
      batchSize,
      last,
      seed,
      epoch,
      ...(shuffle && { shuffle }),
      ...(balance && { balance }),
      ...(shard && { shard }),
      ...(dtype && { dtype }),
      ...(normalise && { normalise }),
      ...(height && { height }),
      ...(width && { width }),
      ...(augment && { augment }),
      ...(transform && { transform }),
    },
    table,
    order: createOrder(table, options),
    layout,
    identity: {
      samples: samplesHash(table),
      options: optionsHash({
        cache: identityHash(cache.identity),
        batchSize,
        shuffled: shuffle !== undefined,
        ...mode,
        balance,
        shard,
        last,
        dtype: layout.dtype,
        normalise,
        shape: layout.shape,
        augment,
        transform,
      }),
      seed,
      epoch,
    },
  };
}
