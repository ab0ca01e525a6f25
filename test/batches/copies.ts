import { type Batch, type BatchOptions, batches } from '#src/batches.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';

/** All batches of a stream, with values of their own. */
export async function copies(cache: TensorCache, options: BatchOptions): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches(cache, options)) all.push({ ...batch, values: batch.values.slice() });
  return all;
}
