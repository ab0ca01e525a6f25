import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { PipelineError, throwIfAborted } from './errors.js';
import { type Stretch, stretchOf } from './place.js';

/** A file over this is not read into memory. */
export const MAX_FILE_BYTES = 256 * 2 ** 20;

/**
 * Reads a photo's bytes at once, for threads that have nothing else to do: waiting costs more than reading (measured:
 * 20 times).
 * @param place a path, or a member of an archive.
 * @throws {PipelineError} `NOT_FOUND`, `IMAGE_NOT_AN_IMAGE` for what is no regular file (a pipe would never end),
 * `IMAGE_TOO_LARGE`.
 */
export function readPhotoFile(place: string): Buffer {
  const stretch = stretchOf(place);
  if (stretch !== undefined) return readMember(stretch);
  let descriptor: number | undefined;
  try {
    descriptor = openForReading(place);
    const stats = fstatSync(descriptor);
    assertReadable(stats);
    return readAt(descriptor, null, stats.size);
  } catch (error) {
    throw notFound(place, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * sha256 of a photo's bytes, hex.
 * @param place a path, or a member of an archive.
 * @throws {PipelineError} as `readPhotoFile`.
 */
export async function hashPhotoFile(place: string, signal: AbortSignal): Promise<string> {
  throwIfAborted(signal);
  const stretch = stretchOf(place);
  if (stretch !== undefined) return hash('sha256', readMember(stretch));
  try {
    assertReadable(await stat(place));
    return hash('sha256', await readFile(place, { signal }));
  } catch (error) {
    throw notFound(place, error);
  }
}

/** Reads a member of an archive. */
function readMember({ archive, offset, size }: Stretch): Buffer {
  try {
    const { descriptor, stats } = openArchive(archive);
    assertReadable({ size, isFile: () => stats.isFile() });
    return readAt(descriptor, offset, Math.max(0, Math.min(size, stats.size - offset)));
  } catch (error) {
    throw notFound(archive, error);
  }
}

/** The archives that this thread has open, by path: most photos are in the one that the last was in. */
const archives = new Map<string, { descriptor: number; stats: Stats }>();
const MOST_OPEN = 8;

/** Opens an archive once, and again where another file lies at its path since. */
function openArchive(path: string): { descriptor: number; stats: Stats } {
  const stats = statSync(path);
  const known = archives.get(path);
  if (known?.stats.ino === stats.ino && known.stats.dev === stats.dev) return { ...known, stats };
  if (known !== undefined) forget(path);
  else if (archives.size === MOST_OPEN) for (const other of archives.keys()) forget(other);
  const opened = { descriptor: openForReading(path), stats };
  archives.set(path, opened);
  return opened;
}

function forget(path: string): void {
  closeSync(archives.get(path)!.descriptor);
  archives.delete(path);
}

function openForReading(path: string): number {
  // Opened so, a pipe does not wait for whoever writes into it.
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** @param position null: from where the descriptor stands. */
function readAt(descriptor: number, position: number | null, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let read = 0;
  while (read < size) {
    const from = position === null ? null : position + read;
    const more = readSync(descriptor, bytes, read, size - read, from);
    // Cut since it was looked at: what is there is judged as any cut photo.
    if (more === 0) break;
    read += more;
  }
  return bytes.subarray(0, read);
}

function assertReadable(file: Pick<Stats, 'size' | 'isFile'>): void {
  const { size } = file;
  if (!file.isFile()) throw notAFile();
  if (size <= MAX_FILE_BYTES) return;
  throw new PipelineError('IMAGE_TOO_LARGE', `Expected at most ${MAX_FILE_BYTES} bytes but received ${size}`);
}

function notAFile(cause?: unknown): PipelineError {
  return new PipelineError('IMAGE_NOT_AN_IMAGE', 'Expected a file but received something else', { cause });
}

function notFound(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  // A socket: it cannot even be opened.
  if (code === 'ENXIO') return notAFile(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return error;
  return new PipelineError('NOT_FOUND', `Expected a photo at ${file}`, { cause: error });
}
