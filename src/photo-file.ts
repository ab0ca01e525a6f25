import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { PipelineError } from './errors.js';

/** A file over this is not read into memory. */
export const MAX_FILE_BYTES = 256 * 2 ** 20;

/**
 * Reads a photo's bytes at once, for threads that have nothing else to do: waiting costs more than reading (measured:
 * 20 times).
 * @throws {PipelineError} `NOT_FOUND`, `IMAGE_NOT_AN_IMAGE` for what is no regular file (a pipe would never end),
 * `IMAGE_TOO_LARGE`.
 */
export function readPhotoFile(file: string): Buffer {
  let descriptor: number | undefined;
  try {
    // Opened so, a pipe does not wait for whoever writes into it.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    assertReadable(stats);
    const bytes = Buffer.allocUnsafe(stats.size);
    let read = 0;
    while (read < bytes.length) {
      const more = readSync(descriptor, bytes, read, bytes.length - read, null);
      // Cut since it was looked at: what is there is judged as any cut photo.
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  } catch (error) {
    throw notFound(file, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * sha256 of a photo's bytes, hex.
 * @throws {PipelineError} as `readPhotoFile`.
 */
export async function hashPhotoFile(file: string, signal: AbortSignal): Promise<string> {
  try {
    assertReadable(await stat(file));
    return createHash('sha256')
      .update(await readFile(file, { signal }))
      .digest('hex');
  } catch (error) {
    throw notFound(file, error);
  }
}

function assertReadable(file: Stats): void {
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
  if (code !== 'ENOENT') return error;
  return new PipelineError('NOT_FOUND', `Expected a photo at ${file}`, { cause: error });
}
