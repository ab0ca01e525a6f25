import { PipelineError, throwIfAborted } from '../errors.js';
import type { Lender, Reading } from './lender.js';
import { createRing, endRing, giveBack, slotOf } from './ring.js';

/** Pieces of a batch for each thread: those that are done first take more. */
const PIECES_A_THREAD = 2;

/** Has threads read ahead of what is taken, by so many batches as the ring has room for. */
export function readInThreads(reading: Reading & { ahead: number }): Lender {
  const { plan, readers, first, held, signal, ahead } = reading;
  if (signal !== undefined) throwIfAborted(signal);
  const { table, options, layout, order } = plan;
  const { workers } = readers;
  const slots = readers.lend(Math.min(held + ahead, order.batches - first), order.size(0) * layout.bytes);
  const pieces = workers === 1 ? 1 : Math.min(order.size(0), PIECES_A_THREAD * workers);
  const ring = createRing(slots, pieces, first);
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
      readers.giveBack();
    },
  };
}
