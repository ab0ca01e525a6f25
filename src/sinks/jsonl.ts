import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { iterate } from '../streams.js';

/** Characters gathered before a write: one system call a line would cost more than the stages. */
const CHUNK = 64 * 1024;

/** Writes records as JSON lines, waiting whenever the stream is full. The stream is left open. */
export async function writeJsonLines(records: AsyncIterable<unknown>, stream: Writable): Promise<number> {
  let count = 0;
  let text = '';
  const flush = async () => {
    const full = !stream.write(text);
    text = '';
    if (full) await once(stream, 'drain');
  };
  for await (const record of records) {
    text += `${JSON.stringify(record)}\n`;
    count += 1;
    if (text.length >= CHUNK) await flush();
  }
  if (text !== '') await flush();
  return count;
}

/** Writes a whole file of JSON lines, gzipped where it is called so, under another name until it is complete. */
export async function writeJsonLinesFile(
  file: string,
  records: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<number> {
  const unfinished = `${file}.unfinished`;
  const { stream, done } = file.endsWith('.gz') ? gzipFile(unfinished, { level: 1 }) : plainFile(unfinished);
  try {
    const count = await Promise.race([writeJsonLines(iterate(records), stream), done.then(() => 0)]);
    stream.end();
    await done;
    await rename(unfinished, file);
    return count;
  } catch (error) {
    stream.destroy();
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** A stream into a file, and a promise of its end. */
interface OpenFile {
  stream: Writable;
  done: Promise<void>;
}

function plainFile(file: string): OpenFile {
  const stream = createWriteStream(file);
  // The error reaches the writer through the writes that it waits for.
  const done = finished(stream);
  done.catch(() => {});
  return { stream, done };
}

/** A gzip stream into a file and a promise of its end, for writers that append as they go. */
export function gzipFile(file: string, { level = 6 }: { level?: number } = {}): OpenFile {
  const gzip = createGzip({ level, chunkSize: CHUNK });
  const out = createWriteStream(file);
  gzip.pipe(out);
  gzip.on('error', (error) => out.destroy(error));
  out.on('error', (error) => gzip.destroy(error));
  const done = finished(out);
  done.catch(() => {});
  return { stream: gzip, done };
}
