import { parentPort, workerData } from 'node:worker_threads';
import { PipelineError } from '../errors.js';
import type { CacheIdentity } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { createOrder, type OrderOptions } from './order.js';
import { drawPiece, pieceDone, type Ring, slotOf } from './ring.js';
import { type RowOptions, rowFiller } from './rows.js';
import type { SampleTable } from './samples.js';

/** What a reading thread is started with. */
export interface ReaderData {
  path: string;
  identity: CacheIdentity;
  table: SampleTable;
  options: OrderOptions & RowOptions & { seed: number; epoch: number };
  ring: Ring;
}

/** What a reading thread tells: a batch that is full, or why it gave up. */
export type ReaderMessage = { full: number } | { failure: ReaderFailure };

/** An error's parts: classes do not survive the way between threads. */
export interface ReaderFailure {
  code?: PipelineError['code'];
  message: string;
  key?: string | undefined;
  hint?: string | undefined;
  stack?: string | undefined;
}

const { path, identity, table, options, ring } = workerData as ReaderData;
const tell = (message: ReaderMessage) => parentPort!.postMessage(message);
try {
  await read();
} catch (error) {
  const { message, stack } = error as Error;
  const ours = error instanceof PipelineError && { code: error.code, key: error.key, hint: error.hint };
  tell({ failure: { message, stack, ...ours } });
}

async function read(): Promise<void> {
  const cache = openCache(path, { identity });
  try {
    const order = createOrder(table, options);
    const fill = await rowFiller(cache, table, order, options);
    while (true) {
      const drawn = drawPiece(ring);
      if (drawn === undefined || drawn.batch >= order.batches) return;
      const { batch, piece } = drawn;
      const size = order.size(batch);
      const edge = (index: number) => Math.floor((size * index) / ring.pieces);
      fill(batch, edge(piece), edge(piece + 1), slotOf(ring, batch));
      if (pieceDone(ring, batch)) tell({ full: batch });
      // The cache's transaction ends between two turns: held for a whole epoch, it would keep a writer's old pages.
      await new Promise(setImmediate);
    }
  } finally {
    await cache.close();
  }
}
