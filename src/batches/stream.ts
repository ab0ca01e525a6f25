import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { identityHash } from '../sinks/tensor-cache/same-identity.js';
import { createEpochs, type Epochs, type StreamOptions } from './epochs.js';
import { type RowLayout, rowLayout } from './rows.js';
import { type BatchSample, type SampleTable, samplesHash, sampleTable } from './samples.js';
import { optionsHash, type StreamIdentity } from './state.js';

/** Everything about a stream that is known before anything is read. */
export interface StreamPlan {
  /** Those alone, so that they can go to other threads. */
  options: StreamOptions & { epochs: number };
  table: SampleTable;
  epochs: Epochs;
  layout: RowLayout;
  /** Of one epoch, 0-based within the stream: that of a stream of this epoch alone. */
  identity(epoch: number): StreamIdentity;
}

export function streamPlan(
  cache: TensorCache,
  samples: readonly BatchSample[],
  given: StreamOptions & { epochs: number },
): StreamPlan {
  const { batchSize, shuffle, balance, shard, last = 'keep', epochs: count } = given;
  const { dtype, normalise, height, width, augment, transform } = given;
  const byKey = shuffle?.mode === 'block';
  const table = sampleTable(samples, balance !== undefined ? 'label' : byKey ? 'key' : 'given');
  const layout = rowLayout(cache, given);
  const options = {
    epochs: count,
    batchSize,
    last,
    ...(shuffle && { shuffle }),
    ...(balance && { balance }),
    ...(shard && { shard }),
    ...(dtype && { dtype }),
    ...(normalise && { normalise }),
    ...(height && { height }),
    ...(width && { width }),
    ...(augment && { augment }),
    ...(transform && { transform }),
  };
  const epochs = createEpochs(table, options);
  const hash = samplesHash(table);
  const { seed: _, epoch: __, ...mode } = shuffle ?? {};
  return {
    options,
    table,
    epochs,
    layout,
    identity(number) {
      const { seed, epoch, options: own } = epochs.epoch(number);
      return {
        samples: hash,
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
          augment: own.augment,
          transform,
        }),
        seed,
        epoch,
      };
    },
  };
}
