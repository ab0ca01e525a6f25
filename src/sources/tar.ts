import { open } from 'node:fs/promises';
import { throwIfAborted } from '../errors.js';
import { MAX_FILE_BYTES } from '../photo-file.js';
import { notExported } from './exported.js';

const BLOCK = 512;

export interface TarMember {
  name: string;
  bytes: Buffer;
}

/**
 * The regular files of a `ustar` archive, one at a time; anything else in it is skipped.
 * @throws {PipelineError} `INPUT_INVALID` for a damaged or cut archive and for a member over 256 MB.
 */
export async function* readTar(path: string, signal: AbortSignal): AsyncGenerator<TarMember> {
  const file = await open(path);
  try {
    const read = async (bytes: Buffer, position: number) => {
      if ((await file.read(bytes, 0, bytes.length, position)).bytesRead === bytes.length) return;
      throw notExported('a whole archive', `${path} at byte ${position}`);
    };
    const header = Buffer.alloc(BLOCK);
    let position = 0;
    while (true) {
      throwIfAborted(signal);
      await read(header, position);
      if (header.every((byte) => byte === 0)) return;
      if (!hasChecksum(header)) throw notExported('a tar header', `${path} at byte ${position}`);
      const size = octal(header, 124, 12);
      if (!(size <= MAX_FILE_BYTES)) throw notExported('a smaller member', `${path} at byte ${position}`);
      const kind = header[156];
      if (kind === 0 || kind === 0x30) {
        const bytes = Buffer.alloc(size);
        await read(bytes, position + BLOCK);
        yield { name: text(header, 0, 100), bytes };
      }
      position += BLOCK * (1 + Math.ceil(size / BLOCK));
    }
  } finally {
    await file.close();
  }
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.toString('latin1', start, start + length);
  const end = field.indexOf('\0');
  return end === -1 ? field : field.slice(0, end);
}

/** NaN for what is no octal number. */
function octal(header: Buffer, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function hasChecksum(header: Buffer): boolean {
  // The checksum counts its own field as spaces.
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += header[at]!;
  return octal(header, 148, 8) === sum;
}
