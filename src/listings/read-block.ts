import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { ListingScanner, RowMembers } from '../kernels/listing-scanner.js';
import { MAX_LINE_BYTES, rowOf } from '../sources/lines.js';
import type { RawRow } from '../sources/source.js';
import { DIGEST_DIGITS } from './digest.js';

const NEWLINE = 0x0a;

/** What a thread made of a block of lines; lines are counted from 0. The wanted members are those of the lines in `at`. */
export interface BlockRows extends RowMembers {
  /** How many lines the block has. */
  lines: number;
  at: Uint32Array;
  /** Their digests, 32 hex digits each, in ASCII. */
  digests: Uint8Array;
  /** Lines that are to be parsed as text, and those that cannot be; blank ones are nowhere. */
  others: { line: number; row: RawRow }[];
}

/** Reads a block: `splitRows` and the costly half of `parseRow`, line by line. */
export function readBlock(
  block: Buffer,
  { scanner, maxBytes = MAX_LINE_BYTES }: { scanner: ListingScanner; maxBytes?: number },
): BlockRows {
  const scan = scanner.open(block);
  const valid = isUtf8(block);
  const at: number[] = [];
  const others: BlockRows['others'] = [];
  let digests = '';
  let line = 0;
  for (let start = 0; start < block.length; line++) {
    const found = block.indexOf(NEWLINE, start);
    const end = found === -1 ? block.length : found;
    const readable = end - start <= maxBytes && (valid || isUtf8(block.subarray(start, end)));
    const canonical = readable ? scan(start, end) : undefined;
    if (canonical === undefined) {
      const row = rowOf(block.subarray(start, end), maxBytes);
      if (row !== undefined) others.push({ line, row });
    } else {
      digests += hash('sha256', canonical).slice(0, DIGEST_DIGITS);
      at.push(line);
    }
    start = end + 1;
  }
  return {
    lines: line,
    ...scanner.close(),
    digests: Buffer.from(digests, 'latin1'),
    at: Uint32Array.from(at),
    others,
  };
}
