import { createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { PipelineError } from '../../../errors.js';

/** One file of a zip archive, as its directory describes it. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly crc: number;
  readonly method: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_LENGTH = 22;
const MAX_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;

const corrupt = (file: string, message: string, cause?: unknown) =>
  new PipelineError('DOWNLOAD_CORRUPT', message, {
    key: file,
    hint: 'Get the wheel again: it is not whole.',
    cause,
  });

/** The directory of a zip archive (PKWARE's APPNOTE 4.3.12); archives over 4 GB (zip64) are not wheels of ours. */
export async function zipEntries(file: string): Promise<ZipEntry[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const tail = await read(handle, Math.max(0, size - END_LENGTH - MAX_COMMENT), size);
    let end = tail.length - END_LENGTH;
    while (end >= 0 && tail.readUInt32LE(end) !== END) end -= 1;
    if (end < 0) throw corrupt(file, 'Expected a zip archive but its directory is missing');
    const count = tail.readUInt16LE(end + 10);
    const start = tail.readUInt32LE(end + 16);
    const directory = await read(handle, start, start + tail.readUInt32LE(end + 12));
    return parseDirectory(file, directory, count);
  } finally {
    await handle.close();
  }
}

function parseDirectory(file: string, directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < count) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== ENTRY) {
      throw corrupt(file, `Expected ${count} files in the zip archive but its directory ends early`);
    }
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function read(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
  return buffer.subarray(0, bytesRead);
}

/**
 * Unpacks one file into a folder under its own name, streaming, and checks its checksum.
 * @throws {PipelineError} `DOWNLOAD_CORRUPT`
 */
export async function unzipEntry(
  file: string,
  entry: ZipEntry,
  folder: string,
  { signal, onBytes = () => {} }: { signal: AbortSignal; onBytes?: (bytes: number) => void },
): Promise<void> {
  const target = join(folder, entry.name);
  if (!target.startsWith(join(folder, '/'))) throw corrupt(file, `Expected a path inside but ${entry.name}`);
  await mkdir(dirname(target), { recursive: true });
  const handle = await open(file);
  try {
    const header = await read(handle, entry.offset, entry.offset + 30);
    if (
      header.length < 30 ||
      header.readUInt32LE(0) !== LOCAL ||
      ![STORED, DEFLATED].includes(entry.method)
    ) {
      throw corrupt(file, `Expected ${entry.name} in the zip archive but it is not there`);
    }
    const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    let crc = 0;
    const check = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        crc = crc32(chunk, crc);
        onBytes(chunk.length);
        next(null, chunk);
      },
    });
    const packed = handle.createReadStream({
      start,
      // Inclusive; an empty file is read as nothing below.
      end: start + Math.max(entry.packedSize, 1) - 1,
      highWaterMark: 1 << 20,
      autoClose: false,
    });
    const out = createWriteStream(target, { highWaterMark: 1 << 20 });
    if (entry.size === 0) out.end();
    else if (entry.method === STORED) await pipeline(packed, check, out, { signal });
    else await pipeline(packed, createInflateRaw({ chunkSize: 1 << 20 }), check, out, { signal });
    if (crc !== entry.crc)
      throw corrupt(file, `Expected ${entry.name} to have its checksum but it has another`);
  } catch (error) {
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) {
      throw corrupt(file, `Expected ${entry.name} to unpack but it is damaged`, error);
    }
    throw error;
  } finally {
    await handle.close();
  }
}
