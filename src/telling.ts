import type { EventBus } from './events.js';

const EVERY_MS = 250;

/** What is said of how far something long is. */
export interface Told {
  stage: string;
  unit: string;
  /** Where it is known. */
  total?: number;
}

/**
 * Tells a bus how far something is, a few times a second however often it is called, and that its total is reached; without a
 * bus nobody.
 */
export function telling(events: EventBus | undefined, told: Told): (done: number) => void {
  let last = performance.now();
  let ended = false;
  return (done) => {
    const now = performance.now();
    const ends = done === told.total && !ended;
    if (now - last < EVERY_MS && !ends) return;
    last = now;
    ended ||= ends;
    events?.emit({ type: 'progress', done, ...told });
  };
}

/** Bytes as they are told: MB, to a tenth. */
export const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

/** The same records, each told as it passes. */
export async function* counted<T>(source: AsyncIterable<T>, tell: (done: number) => void): AsyncGenerator<T> {
  let done = 0;
  for await (const record of source) {
    yield record;
    done += 1;
    tell(done);
  }
}
