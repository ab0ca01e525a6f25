import { parentPort, workerData } from 'node:worker_threads';
import { type PlainError, plainError } from '../errors.js';
import type { CacheIdentity, TensorCache } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { createEpochs, type StreamOptions } from './epochs.js';
import { drawPiece, pieceDone, type Ring, slotOf } from './ring.js';
import { rowFiller } from './rows.js';
import type { SampleTable } from './samples.js';

/** What a reading thread is started with. */
export interface ReaderData {
  path: string;
  identity: CacheIdentity;
  file: string | undefined;
}

/** A stream to fill the ring of; undefined ends the thread. */
export interface ReaderJob {
  table: SampleTable;
  options: StreamOptions & { epochs: number };
  ring: Ring;
}

/** What a reading thread tells: a batch that is full, why it gave up, or that it waits for the next stream. */
export type ReaderMessage = { full: number } | { failure: PlainError } | { idle: true };

const { path, identity, file } = workerData as ReaderData;
const port = parentPort!;
const tell = (message: ReaderMessage) => port.postMessage(message);
let cache: TensorCache | undefined;

/** One after the other: a stream's pieces are read over many turns. */
let last = Promise.resolve();
port.on('message', (job: ReaderJob | undefined) => {
  last = last.then(() => work(job));
});

async function work(job: ReaderJob | undefined): Promise<void> {
  if (job === undefined) {
    await cache?.close();
    port.close();
    return;
  }
  try {
    cache ??= openCache(path, { identity, file });
    await read(cache, job);
  } catch (error) {
    tell({ failure: plainError(error) });
  }
  tell({ idle: true });
}

async function read(from: TensorCache, { table, options, ring }: ReaderJob): Promise<void> {
  const epochs = createEpochs(table, options);
  const fill = await rowFiller(from, table, epochs, options);
  while (true) {
    const drawn = drawPiece(ring);
    if (drawn === undefined || drawn.batch >= epochs.batches) return;
    const { batch, piece } = drawn;
    const { order, index: own } = epochs.at(batch);
    const size = order.size(own);
    const edge = (index: number) => Math.floor((size * index) / ring.pieces);
    fill(batch, edge(piece), edge(piece + 1), slotOf(ring, batch));
    if (pieceDone(ring, batch)) tell({ full: batch });
    // The cache's transaction ends between two turns: held for a whole epoch, it would keep a writer's old pages.
    await new Promise(setImmediate);
  }
}
