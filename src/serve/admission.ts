import { PipelineError } from '../errors.js';

/** What one request holds while it is answered. */
export interface Ticket {
  /** Holds more bytes. @throws {PipelineError} `OVERLOADED` */
  bytes(more: number): void;
  /** Holds this many photos in all; one from the start. @throws {PipelineError} `OVERLOADED` */
  photos(count: number): void;
  /** Gives everything back; may be called again. */
  leave(): void;
}

/**
 * Bounds what the server holds: whoever comes when it is full is turned away at once, because to wait for room would be
 * one more queue.
 */
export interface Admission {
  /** Photos and bytes that requests hold now. */
  readonly held: Readonly<{ photos: number; bytes: number }>;
  /** @throws {PipelineError} `OVERLOADED` */
  enter(): Ticket;
}

/** @param room the most photos, and bytes of requests, that are held at once. */
export function admission(room: Readonly<{ photos: number; bytes: number }>): Admission {
  const held = { photos: 0, bytes: 0 };
  const take = (what: 'photos' | 'bytes', more: number) => {
    if (held[what] + more > room[what]) {
      throw new PipelineError(
        'OVERLOADED',
        `Expected room for ${more} more ${what} but ${held[what]} of ${room[what]} are held`,
        { hint: 'Ask again after the seconds that Retry-After says.' },
      );
    }
    held[what] += more;
  };
  return {
    held,
    enter() {
      take('photos', 1);
      const own = { photos: 1, bytes: 0 };
      return {
        bytes(more) {
          take('bytes', more);
          own.bytes += more;
        },
        photos(count) {
          take('photos', count - own.photos);
          own.photos = count;
        },
        leave() {
          held.photos -= own.photos;
          held.bytes -= own.bytes;
          own.photos = 0;
          own.bytes = 0;
        },
      };
    },
  };
}
