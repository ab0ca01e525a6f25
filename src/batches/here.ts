import { throwIfAborted } from '../errors.js';
import type { Lender, Reading } from './lender.js';
import { rowFiller } from './rows.js';

/** Reads each batch in the calling thread, when it is asked for. */
export async function readHere({ cache, plan, readers, held, signal }: Reading): Promise<Lender> {
  const { table, epochs, layout, options } = plan;
  const fill = await rowFiller(cache, table, epochs, options);
  const ring = readers.lend(held, epochs.epoch(0).order.size(0) * layout.bytes);
  return {
    async take(batch) {
      if (signal !== undefined) throwIfAborted(signal);
      readers.assertFor(cache);
      const memory = ring[batch % held]!;
      const { order, index } = epochs.at(batch);
      fill(batch, 0, order.size(index), memory);
      return memory;
    },
    async close() {
      readers.giveBack();
    },
  };
}
