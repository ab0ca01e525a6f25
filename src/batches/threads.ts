import { PipelineError, throwIfAborted } from '../errors.js';
import type { Lender, Reading } from './lender.js';
import { createRing, endRing, giveBack, MOST_PIECES, type Ring, slotOf } from './ring.js';

/** Pieces of a batch for each thread: those that are done first take more. */
const PIECES_A_THREAD = 2;

/**
 * Has threads read ahead of what is taken, by so many batches as the ring has room for. When a thread dies, another takes
 * its place, once a stream: everything that is not taken yet is read again, because nobody knows what it was at.
 */
export function readInThreads(reading: Reading & { ahead: number }): Lender {
  const { plan, readers, first, held, signal, ahead } = reading;
  if (signal !== undefined) throwIfAborted(signal);
  const { table, options, layout, epochs } = plan;
  const { workers } = readers;
  const largest = epochs.epoch(0).order.size(0);
  const pieces = workers === 1 ? 1 : Math.min(largest, PIECES_A_THREAD * workers);
  const most = Math.floor(MOST_PIECES / pieces);
  if (epochs.batches > most) {
    throw new PipelineError('USAGE', `Expected at most ${most} batches but ${epochs.batches} in all epochs`, {
      hint: 'Give fewer epochs, and go on with another stream.',
    });
  }
  const slots = readers.lend(Math.min(held + ahead, epochs.batches - first), largest * layout.bytes);
  const full = new Set<number>();
  let failure: unknown;
  let ended = false;
  /** The last batch that was asked for, and the one to be read next if all had to be read again. */
  let asked = first - 1;
  let next = first;
  // Set while somebody waits.
  let wake = () => {};
  const failed = (error: unknown) => {
    failure ??= error;
    wake();
  };
  const start = (ring: Ring) =>
    readers.work(
      { table, options, ring },
      {
        full(batch) {
          full.add(batch);
          wake();
        },
        failed,
        died,
        closed(error) {
          ended = true;
          endRing(ring);
          failed(error);
        },
      },
    );
  /** Resolves once a dead thread's place is taken. */
  let replaced: Promise<void> | undefined;
  function died(error: unknown): void {
    if (replaced !== undefined) {
      failed(error);
      return;
    }
    endRing(ring);
    replaced = free.then(() => {
      if (ended) return;
      full.clear();
      readers.replaceDead();
      ring = createRing({ slots, pieces, first: next, held: Math.max(first, asked - held + 1) });
      free = start(ring);
    });
  }
  let ring = createRing({ slots, pieces, first });
  let free = start(ring);
  const onAbort = () => failed(new PipelineError('ABORTED', 'Cancelled', { cause: signal?.reason }));
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    async take(batch) {
      asked = batch;
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
      next = batch + 1;
      return slotOf(ring, batch);
    },
    async close() {
      ended = true;
      signal?.removeEventListener('abort', onAbort);
      endRing(ring);
      readers.holdProcess(true);
      await replaced;
      await free;
      readers.holdProcess(false);
      readers.giveBack();
    },
  };
}
