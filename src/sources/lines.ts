import { isUtf8 } from 'node:buffer';
import { throwIfAborted } from '../errors.js';
import type { RawRow, RowFault } from './source.js';

/** A longer line is skipped without being held: no listing is near it (ABO's longest has 60 KB). */
export const MAX_LINE_BYTES = 16 * 2 ** 20;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

export interface LineOptions {
  signal: AbortSignal;
  shard?: string;
  /** Default `MAX_LINE_BYTES`. */
  maxBytes?: number;
}

/**
 * Cuts bytes into rows at line feeds (CRLF and a byte order mark are taken off, blank lines left out). Holds at most
 * one chunk and one line, whatever the input: a line over the limit, or one that is not UTF-8, is passed on as a
 * fault.
 */
export async function* splitRows(
  source: AsyncIterable<Uint8Array>,
  { signal, shard, maxBytes = MAX_LINE_BYTES }: LineOptions,
): AsyncGenerator<RawRow> {
  let pieces: Buffer[] = [];
  let held = 0;
  let line = 0;

  const row = (bytes: Buffer): RawRow | undefined => {
    line += 1;
    const found =
      held + bytes.length > maxBytes
        ? tooLong(held + bytes.length, maxBytes)
        : rowOf(pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes]), maxBytes);
    if (found === undefined) return undefined;
    return { ...(line === 1 ? withoutMark(found) : found), ...(shard !== undefined && { shard }), line };
  };

  for await (const chunk of source) {
    throwIfAborted(signal);
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const next = row(bytes.subarray(start, end));
      pieces = [];
      held = 0;
      start = end + 1;
      if (next !== undefined) yield next;
    }
    const rest = bytes.subarray(start);
    held += rest.length;
    // What is over the limit is counted, not kept.
    if (held <= maxBytes) pieces.push(rest);
    else pieces = [];
  }
  if (held > 0) {
    const last = row(Buffer.alloc(0));
    if (last !== undefined) yield last;
  }
}

/** A line as a row that does not say where it is; undefined for a blank one. */
export function rowOf(line: Buffer, maxBytes: number): RawRow | undefined {
  if (line.length > maxBytes) return tooLong(line.length, maxBytes);
  if (!isUtf8(line)) return fault('invalid-utf8', 'Expected UTF-8 but received other bytes');
  const text = line.toString('utf8');
  // A carriage return is white space to JSON; only a line of nothing else is left out.
  return /^\s*$/.test(text) ? undefined : { text };
}

export function tooLong(bytes: number, maxBytes: number): RawRow {
  return fault('line-too-long', `Expected a line of at most ${maxBytes} bytes but received ${bytes}`);
}

/** A stream's first row without its byte order mark. */
export function withoutMark(row: RawRow): RawRow {
  return row.text.startsWith(BYTE_ORDER_MARK) ? { ...row, text: row.text.slice(1) } : row;
}

function fault(reason: RowFault['reason'], detail: string): RawRow {
  return { text: '', fault: { reason, detail } };
}
