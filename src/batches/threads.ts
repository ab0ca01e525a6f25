import { PipelineError, throwIfAborted } from '../errors.js';
import type { Lender, Reading } from './lender.js';
import { openReaders, type Readers, type ReaderThreads } from './readers.js';
import { createRing, endRing, giveBack, slotOf } from './ring.js';

/** Pieces of a batch for each thread: those that are done first take more. */
const PIECES_A_THREAD = 2;

/**
 * Has threads read ahead of what is taken, by so many batches as the ring has room for.
 * @param reading.workers how many to start for this stream alone, or threads that are there.
 */
export function readInThreads(reading: Reading & { workers: number | Readers; ahead: number }): Lender {
  const { cache, plan, first, held, signal, ahead } = reading;
  if (signal !== undefined) throwIfAborted(signal);
  const own = typeof reading.workers === 'number' ? openReaders(cache, reading.workers) : undefined;
  const readers = (own ?? reading.workers) as ReaderThreads;
  const { workers } = readers;
  const { table, options, layout, order } = plan;
  const { batchSize } = options;
  const ring = createRing({
    slots: Math.min(held + ahead, order.batches - first),
    bytes: batchSize * layout.bytes,
    pieces: workers === 1 ? 1 : Math.min(batchSize, PIECES_A_THREAD * workers),
    first,
  });
  const full = new Set<number>();
  let failure: unknown;
  // Set while somebody waits.
  let wake = () => {};
  const failed = (error: unknown) => {
    failure ??= error;
    wake();
  };
  const free = readers.work(
    { table, options, ring },
    {
      full(batch) {
        full.add(batch);
        wake();
      },
      failed,
    },
  );
  const onAbort = () => failed(new PipelineError('ABORTED', 'Cancelled', { cause: signal?.reason }));
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    async take(batch) {
      if (batch - held >= first) giveBack(ring, batch - held);
      if (failure === undefined && !full.has(batch)) {
        readers.holdProcess(true);
        while (failure === undefined && !full.has(batch)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        // A stream that nobody asks for more must not keep the process alive.
        readers.holdProcess(false);
      }
      if (failure !== undefined) throw failure;
      full.delete(batch);
      return slotOf(ring, batch);
    },
    async close() {
      signal?.removeEventListener('abort', onAbort);
      endRing(ring);
      readers.holdProcess(true);
      await free;
      readers.holdProcess(false);
      await own?.close();
    },
  };
}
