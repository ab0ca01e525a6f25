import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { writeWholeFile } from '../../whole-file.js';

/** Writes a file unless it has these bytes: runs know a dump's files by the time of their change, too. */
export async function keepOrWrite(file: string, bytes: Buffer): Promise<void> {
  const there = await readFile(file).catch(() => undefined);
  if (there === undefined || !there.equals(bytes)) await writeWholeFile(file, bytes);
}

const pack = promisify(gzip);

/** Lines as gzip, the same bytes for the same lines. Holds them all: one shard's, or a table's. */
export async function gzipOfLines(lines: AsyncIterable<string> | Iterable<string>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const line of lines) pieces.push(Buffer.from(`${line}\n`));
  return pack(Buffer.concat(pieces));
}
