import { type FileHandle, open } from 'node:fs/promises';
import { PipelineError, throwIfAborted } from '../errors.js';
import { MAX_FILE_BYTES } from '../photo-file.js';

const BLOCK = 512;
/** What is read at a time: small members are passed in it, large ones skipped by position. */
const WINDOW_BYTES = 256 * 1024;
/** No name is near this: a longer header of a header would be held whole. */
const MOST_NAME_BYTES = 64 * 1024;

/** Kinds of members that have no bytes, whatever their size says: links, devices, folders. */
const WITHOUT_BYTES = '123456';
/** Kinds of headers that say something of others: pax's, for one member or all that follow; GNU's of names and links. */
const EXTENDED = 'xgLK';

/** A regular file of an archive: its bytes lie in one piece. */
export interface TarEntry {
  name: string;
  /** Where in the archive its first byte is. */
  offset: number;
  /** Bytes. */
  size: number;
}

export interface TarMember {
  name: string;
  bytes: Buffer;
}

/** How to go through an archive's bytes; positions never go back. */
interface TarReading {
  /** So many bytes at a position, good until the next are asked for. */
  read(position: number, bytes: number): Buffer | Promise<Buffer>;
  /** Where the archive ends; unknown where it is a stream. */
  end?: number;
  invalid(expected: string, position: number): Error;
}

/**
 * The regular files of a tar archive in one pass over its headers, memory bounded by one window. Formats: POSIX `ustar`,
 * pax (`path` and `size`; IEEE Std 1003.1, pax) and GNU (long names, sizes in base 256). Folders, links and devices are
 * skipped; an archive that ends without its end mark was cut.
 * @param options.hint what to do about an archive that is none.
 * @throws {PipelineError} `INPUT_INVALID` for a damaged, cut or compressed archive, `ABORTED`.
 */
export async function* tarEntries(
  path: string,
  { signal, hint }: { signal: AbortSignal; hint: string },
): AsyncGenerator<TarEntry> {
  const file = await open(path);
  try {
    const { size: end } = await file.stat();
    const invalid = (expected: string, position: number) =>
      new PipelineError('INPUT_INVALID', `Expected ${expected}`, {
        key: `${path} at byte ${position}`,
        hint,
      });
    const read = windowOver(file, signal, (position) => invalid('a whole archive', position));
    yield* entriesOf({ read, end, invalid });
  } finally {
    await file.close();
  }
}

/** The regular files of an archive, by its headers. */
export async function* entriesOf({
  read,
  end = Number.POSITIVE_INFINITY,
  invalid,
}: TarReading): AsyncGenerator<TarEntry> {
  // What an extended header says of the member that follows it.
  let next: { name?: string; size?: number } = {};
  for (let position = 0; ; ) {
    const header = await read(position, BLOCK);
    if (header[0] === 0 && header.every((byte) => byte === 0)) return;
    if (!hasChecksum(header)) {
      const compressed = position === 0 && header[0] === 0x1f && header[1] === 0x8b;
      throw invalid(compressed ? 'an archive that is not compressed' : 'a tar header', position);
    }
    const kind = String.fromCharCode(header[156]!);
    const own = numberAt(header, 124, 12);
    const size = WITHOUT_BYTES.includes(kind) ? 0 : EXTENDED.includes(kind) ? own : (next.size ?? own);
    if (!(size >= 0)) throw invalid('a tar header', position);
    const name = next.name ?? nameOf(header);
    const offset = position + BLOCK;
    if (offset + size > end) throw invalid('a whole archive', end);
    position = offset + BLOCK * Math.ceil(size / BLOCK);
    if (kind === 'L' || kind === 'x') {
      if (size > MOST_NAME_BYTES) throw invalid('a shorter name', offset);
      const bytes = await read(offset, size);
      next = { ...next, ...(kind === 'L' ? { name: text(bytes, 0, size) } : paxRecords(bytes)) };
    }
    if (EXTENDED.includes(kind)) continue;
    next = {};
    // In the oldest archives a folder is a file whose name says so.
    if ((kind === '0' || kind === '\0' || kind === '7') && !name.endsWith('/')) yield { name, offset, size };
  }
}

/** Whether bytes are a header of an archive. @param head the first 512 of them, or all. */
export function isTarHeader(head: Buffer): boolean {
  return head.length >= BLOCK && hasChecksum(head);
}

/**
 * The regular files of an archive, one at a time.
 * @throws {PipelineError} as `tarEntries`, and `INPUT_INVALID` for a member over 256 MB.
 */
export async function* readTar(
  path: string,
  options: { signal: AbortSignal; hint: string },
): AsyncGenerator<TarMember> {
  const file = await open(path);
  try {
    for await (const { name, offset, size } of tarEntries(path, options)) {
      const key = `${path} at byte ${offset}`;
      const { hint } = options;
      if (size > MAX_FILE_BYTES)
        throw new PipelineError('INPUT_INVALID', 'Expected a smaller member', { key, hint });
      const bytes = Buffer.alloc(size);
      const { bytesRead } = await file.read(bytes, 0, size, offset);
      if (bytesRead < size)
        throw new PipelineError('INPUT_INVALID', 'Expected a whole archive', { key, hint });
      yield { name, bytes };
    }
  } finally {
    await file.close();
  }
}

/** Reads a few bytes at a position; what follows them is then at hand. They are good until the next are asked for. */
function windowOver(
  file: FileHandle,
  signal: AbortSignal,
  cut: (position: number) => Error,
): (position: number, bytes: number) => Buffer | Promise<Buffer> {
  const window = Buffer.allocUnsafe(WINDOW_BYTES);
  let start = 0;
  let length = 0;
  const held = (position: number, bytes: number) =>
    window.subarray(position - start, position - start + bytes);
  const fill = async (position: number, bytes: number) => {
    throwIfAborted(signal);
    start = position;
    length = 0;
    while (length < bytes) {
      const { bytesRead } = await file.read(window, length, WINDOW_BYTES - length, start + length);
      if (bytesRead === 0) throw cut(start + length);
      length += bytesRead;
    }
    return held(position, bytes);
  };
  return (position, bytes) =>
    position >= start && position + bytes <= start + length ? held(position, bytes) : fill(position, bytes);
}

/** A member's name by its own header; only POSIX archives have a prefix where GNU's have times. */
function nameOf(header: Buffer): string {
  const name = text(header, 0, 100);
  const posix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The records `LENGTH KEY=VALUE\n` of a pax header that say where a member's bytes are. */
function paxRecords(bytes: Buffer): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at);
    const length = space === -1 ? 0 : Number(bytes.toString('latin1', at, space));
    // What is no record says nothing; a name that it would have given is then found wanting.
    if (!(length > 0)) break;
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') found.name = value;
    if (key === 'size') found.size = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    at += length;
  }
  return found;
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end === -1 || end > start + length ? start + length : end);
}

/** Octal digits, or GNU's base 256 where those do not suffice; NaN for what is neither. */
function numberAt(header: Buffer, start: number, length: number): number {
  if (header[start] === 0x80) {
    const number = Number(header.readBigUInt64BE(start + length - 8));
    return Number.isSafeInteger(number) ? number : Number.NaN;
  }
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function hasChecksum(header: Buffer): boolean {
  // The checksum counts its own field as spaces.
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += header[at]!;
  return numberAt(header, 148, 8) === sum;
}
