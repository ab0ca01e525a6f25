import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { blocksOf, iterate } from '../streams.js';

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

/** A file of JSON lines that is written record by record: complete or absent. */
export interface JsonLinesFile {
  /** Waits whenever the file is behind. */
  write(record: unknown): Promise<void> | undefined;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** Begins a file of JSON lines, gzipped where it is called so, under another name until it is finished. */
export function jsonLinesFile(file: string): JsonLinesFile {
  const unfinished = `${file}.unfinished`;
  const { stream, done } = file.endsWith('.gz') ? gzipFile(unfinished, { level: 1 }) : plainFile(unfinished);
  let text = '';
  const flush = async () => {
    const full = !stream.write(text);
    text = '';
    // What goes wrong in writing is said by the stream's end.
    if (full) await Promise.race([once(stream, 'drain'), done]);
  };
  return {
    write(record) {
      text += `${JSON.stringify(record)}\n`;
      return text.length < CHUNK ? undefined : flush();
    },
    async finish() {
      stream.end(text);
      await done;
      await rename(unfinished, file);
    },
    async discard() {
      stream.destroy();
      await rm(unfinished, { force: true });
    },
  };
}

/** Writes a whole file of JSON lines, as `jsonLinesFile` does. */
export async function writeJsonLinesFile(
  file: string,
  records: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<number> {
  const lines = jsonLinesFile(file);
  let count = 0;
  try {
    for await (const block of blocksOf(iterate(records))) {
      for (const record of block) {
        const written = lines.write(record);
        if (written !== undefined) await written;
        count += 1;
      }
    }
    await lines.finish();
    return count;
  } catch (error) {
    await lines.discard();
    throw error;
  }
}

/** Reads back what `writeJsonLinesFile` wrote to a file that is not gzipped, a line at a time. */
export async function* readJsonLinesFile<T>(file: string): AsyncGenerator<T> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    yield JSON.parse(line) as T;
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
