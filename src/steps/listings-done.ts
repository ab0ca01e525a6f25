import type { EventBus } from '../events.js';
import { telling } from '../telling.js';

/** Hears what becomes of a catalogue's listings and their photos. */
export interface ListingsDone {
  /** A listing was read. */
  read(): void;
  /** One of its photos is asked of, in order. */
  asked(): void;
  /** The next photo is answered, in the same order. */
  answered(): void;
  end(): void;
}

/**
 * Tells of how many listings all photos are answered, which those that were read are ahead of by as many photos as are in
 * flight; of nothing where it is not known how many listings there are.
 */
export function listingsDone(events: EventBus, total: number | undefined): ListingsDone {
  const told = { stage: 'predict', unit: 'listings' };
  const tell = total === undefined ? () => {} : telling(events, { ...told, total });
  let read = 0;
  /** Of each photo in flight, how many listings had been read when it was asked of. */
  const inFlight: number[] = [];
  return {
    read() {
      read += 1;
    },
    asked: () => void inFlight.push(read),
    // Its own listing may have more of them.
    answered: () => tell(inFlight.shift()! - 1),
    end: () => tell(read),
  };
}
