import { Worker } from 'node:worker_threads';
import { PipelineError } from '../errors.js';
import type { Lender, Reading } from './lender.js';
import { createRing, endRing, giveBack, slotOf } from './ring.js';
import type { ReaderData, ReaderFailure, ReaderMessage } from './worker.js';

/** Pieces of a batch for each thread: those that are done first take more. */
const PIECES_A_THREAD = 2;

/** Starts threads that read ahead of what is taken, by so many batches as the ring has room for. */
export function readInThreads(reading: Reading & { workers: number; ahead: number }): Lender {
  const { cache, plan, options, first, held, signal, workers, ahead } = reading;
  const { batchSize, ...rest } = options;
  const ring = createRing({
    slots: Math.min(held + ahead, plan.order.batches - first),
    bytes: batchSize * plan.layout.bytes,
    pieces: workers === 1 ? 1 : Math.min(batchSize, PIECES_A_THREAD * workers),
    first,
  });
  const { seed, epoch } = plan.identity;
  const workerData: ReaderData = {
    path: cache.path,
    identity: cache.identity,
    table: plan.table,
    options: { ...rest, batchSize, seed, epoch },
    ring,
  };
  const full = new Set<number>();
  let failure: unknown;
  let ended = false;
  // Set while somebody waits.
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= error;
    wake();
  };
  const threads = Array.from({ length: workers }, () => {
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    thread.on('message', (message: ReaderMessage) => {
      if ('failure' in message) return fail(failed(message.failure));
      full.add(message.full);
      wake();
    });
    thread.on('error', (cause) => fail(crashed(cause)));
    thread.on('exit', (status) => {
      if (status !== 0 && !ended) fail(crashed(new Error(`it ended with status ${status}`)));
    });
    // A stream that nobody asks for more must not keep the process alive.
    thread.unref();
    return thread;
  });
  const gone = threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve)));
  const onAbort = () => fail(new PipelineError('ABORTED', 'Cancelled', { cause: signal?.reason }));
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    async take(batch) {
      if (batch - held >= first) giveBack(ring, batch - held);
      if (failure === undefined && !full.has(batch)) {
        for (const thread of threads) thread.ref();
        while (failure === undefined && !full.has(batch)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        for (const thread of threads) thread.unref();
      }
      if (failure !== undefined) throw failure;
      full.delete(batch);
      return slotOf(ring, batch);
    },
    async close() {
      ended = true;
      signal?.removeEventListener('abort', onAbort);
      endRing(ring);
      for (const thread of threads) thread.ref();
      await Promise.all(gone);
    },
  };
}

function failed({ code, message, key, hint, stack }: ReaderFailure): PipelineError {
  const cause = Object.assign(new Error(message), { stack });
  if (code === undefined) return crashed(cause);
  return new PipelineError(code, message, {
    ...(key !== undefined && { key }),
    ...(hint !== undefined && { hint }),
    cause,
  });
}

const crashed = (cause: unknown) =>
  new PipelineError('WORKER_CRASHED', 'Expected a thread to read batches but it failed', {
    hint: 'Try again; fewer workers need less memory.',
    cause,
  });
