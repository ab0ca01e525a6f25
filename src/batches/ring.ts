/**
 * A ring of batches in shared memory, filled by several threads in pieces of a batch: so the ring need not grow with
 * the number of threads, and the first batch comes sooner. Threads draw tickets, one a piece, and sleep while the ring
 * is full.
 */
export interface Ring {
  /** [tickets drawn, batches allowed, pieces done in each slot …] */
  control: Int32Array;
  slots: readonly Uint8Array[];
  /** Pieces of a batch. */
  pieces: number;
  /** The batch of ticket 0. */
  first: number;
}

const DRAWN = 0;
const ALLOWED = 1;
const DONE = 2;
/** Batches allowed once the stream has ended. */
const ENDED = 0x7fffffff;

/** The most pieces that a stream's tickets can count. */
export const MOST_PIECES = ENDED - 1;

/**
 * @param options.slots all of one batch's size, in shared memory.
 * @param options.held the earliest batch that still has its slot; default: none before the first.
 */
export function createRing({
  slots,
  pieces,
  first,
  held = first,
}: Pick<Ring, 'slots' | 'pieces' | 'first'> & { held?: number }): Ring {
  const control = new Int32Array(new SharedArrayBuffer(4 * (DONE + slots.length)));
  control[ALLOWED] = held + slots.length;
  return { control, slots, pieces, first };
}

export const slotOf = ({ slots }: Ring, batch: number): Uint8Array => slots[batch % slots.length]!;

/** Gives a batch's slot to the batch that comes so many later as there are slots. */
export function giveBack({ control, slots }: Ring, batch: number): void {
  // It would begin again.
  if (Atomics.load(control, ALLOWED) === ENDED) return;
  Atomics.store(control, DONE + (batch % slots.length), 0);
  Atomics.store(control, ALLOWED, batch + slots.length + 1);
  Atomics.notify(control, ALLOWED);
}

/** Tells every thread to stop, those that sleep too. */
export function endRing({ control }: Ring): void {
  Atomics.store(control, ALLOWED, ENDED);
  Atomics.notify(control, ALLOWED);
}

/** The next piece to fill, once there is room for its batch; undefined once the stream has ended. Blocks the thread. */
export function drawPiece({ control, pieces, first }: Ring): { batch: number; piece: number } | undefined {
  const ticket = Atomics.add(control, DRAWN, 1);
  const batch = first + Math.floor(ticket / pieces);
  while (true) {
    const allowed = Atomics.load(control, ALLOWED);
    if (allowed === ENDED) return undefined;
    if (batch < allowed) return { batch, piece: ticket % pieces };
    Atomics.wait(control, ALLOWED, allowed);
  }
}

/** Whether this was the last piece of its batch. */
export function pieceDone({ control, slots, pieces }: Ring, batch: number): boolean {
  return Atomics.add(control, DONE + (batch % slots.length), 1) + 1 === pieces;
}
