import { createHash } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
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
  try {
    assertReadable(statSync(file));
    return readFileSync(file);
  } catch (error) {
    throw notFound(file, error);
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
  if (!file.isFile())
    throw new PipelineError('IMAGE_NOT_AN_IMAGE', 'Expected a file but received something else');
  if (size <= MAX_FILE_BYTES) return;
  throw new PipelineError('IMAGE_TOO_LARGE', `Expected at most ${MAX_FILE_BYTES} bytes but received ${size}`);
}

function notFound(file: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new PipelineError('NOT_FOUND', `Expected a photo at ${file}`, { cause: error });
}
