import { throwIfAborted } from '../errors.js';
import { MAX_LINE_BYTES } from './lines.js';

/** Large enough that handing it to a thread costs nothing, small enough that a few are no memory. */
const BLOCK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Whole lines, the last one's line feed perhaps missing; or the length of a line that is too long to be held. */
export type Block = { lines: Buffer } | { tooLong: number };

/**
 * Cuts bytes at line feeds into blocks of whole lines, which `splitRows` would cut into rows. Holds at most a block, a
 * chunk and a line. Whole lines that came before an error are given before it is thrown.
 */
export async function* cutBlocks(
  source: AsyncIterable<Uint8Array>,
  {
    signal,
    maxBytes = MAX_LINE_BYTES,
    blockBytes = BLOCK_BYTES,
    allocate = Buffer.allocUnsafe,
  }: {
    signal: AbortSignal;
    maxBytes?: number;
    blockBytes?: number;
    /** Memory for the lines of a block. */
    allocate?: (bytes: number) => Buffer;
  },
): AsyncGenerator<Block> {
  let whole: Buffer[] = [];
  let wholeBytes = 0;
  /** The line that has not ended yet; its length, held or not. */
  let pieces: Buffer[] = [];
  let length = 0;
  const take = (): Block[] => {
    if (wholeBytes === 0) return [];
    const lines = allocate(wholeBytes);
    let at = 0;
    for (const piece of whole) {
      lines.set(piece, at);
      at += piece.length;
    }
    whole = [];
    wholeBytes = 0;
    return [{ lines }];
  };
  const keep = (bytes: Buffer) => {
    whole.push(bytes);
    wholeBytes += bytes.length;
  };
  try {
    for await (const chunk of source) {
      throwIfAborted(signal);
      let bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      const first = bytes.indexOf(NEWLINE);
      if (first !== -1) {
        if (length + first > maxBytes) {
          yield* take();
          yield { tooLong: length + first };
          bytes = bytes.subarray(first + 1);
        } else for (const piece of pieces) keep(piece);
        pieces = [];
        length = 0;
        const end = bytes.lastIndexOf(NEWLINE) + 1;
        if (end > 0) keep(bytes.subarray(0, end));
        bytes = bytes.subarray(end);
        if (wholeBytes >= blockBytes) yield* take();
      }
      length += bytes.length;
      // What is over the limit is counted, not kept.
      if (length > maxBytes) pieces = [];
      else if (bytes.length > 0) pieces.push(bytes);
    }
  } catch (error) {
    yield* take();
    throw error;
  }
  if (length <= maxBytes) for (const piece of pieces) keep(piece);
  yield* take();
  if (length > maxBytes) yield { tooLong: length };
}
