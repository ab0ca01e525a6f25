import { gunzip } from './gunzip.js';
import { unzstd } from './zstd.js';

/** How a file's bytes are packed. */
export type Packing = 'gzip' | 'zstd';

/** RFC 1952, 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b]);
/** RFC 8878, 3.1.1; a skippable frame (3.1.2) may come before the first. */
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const SKIPPABLE = Buffer.from([0x2a, 0x4d, 0x18]);

/** What a file's name says of its packing. */
export function packingOfName(name: string): Packing | undefined {
  if (name.endsWith('.gz')) return 'gzip';
  return name.endsWith('.zst') ? 'zstd' : undefined;
}

/** What bytes say of their packing. @param head the first four of them, or all. */
export function packingOfBytes(head: Buffer): Packing | undefined {
  if (head.subarray(0, 2).equals(GZIP)) return 'gzip';
  if (head.subarray(0, 4).equals(ZSTD)) return 'zstd';
  const skippable = head.length >= 4 && (head[0]! & 0xf0) === 0x50 && head.subarray(1, 4).equals(SKIPPABLE);
  return skippable ? 'zstd' : undefined;
}

/**
 * Unpacked bytes, a chunk at a time: gzip of one or several members, Zstandard of one or several frames.
 * @throws what reading throws, and an error whose `code` is `Z_BUF_ERROR` for data that was cut.
 */
export function unpack(
  source: AsyncIterable<Uint8Array>,
  packing: Packing | undefined,
): AsyncIterable<Uint8Array> {
  if (packing === undefined) return source;
  return packing === 'gzip' ? gunzip(source) : unzstd(source);
}
