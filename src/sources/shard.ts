import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { throwIfAborted } from '../errors.js';
import { streamPlace } from '../place.js';
import { arrayRows } from './json-array.js';
import { splitRows } from './lines.js';
import type { CutLines, RawRow, ReadRow } from './source.js';

/** A file of a dump. */
export interface DumpFile {
  /** Its name without folders, which says what it is. */
  name: string;
  /** Where its bytes are. */
  place: string;
}

const CHUNK = 256 * 1024;

/** A shard's rows; what goes wrong in reading it ends this shard with a fault, not the run. */
export async function* readShard(
  { name: shard, place }: DumpFile,
  signal: AbortSignal,
  cut: CutLines = splitRows,
): AsyncGenerator<RawRow | ReadRow> {
  // Looked at first: a stream that is open may fail while nobody listens to it yet.
  const isArray = await beginsWithBracket({ name: shard, place });
  const { text, close } = openText({ name: shard, place });
  const last = { line: 0 };
  try {
    const rows = isArray ? arrayRows(text, shard) : cut(text, { signal, shard });
    for await (const row of rows) {
      last.line = row.line ?? last.line;
      yield row;
    }
  } catch (error) {
    throwIfAborted(signal);
    const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    const reason = truncated ? 'truncated-shard' : 'unreadable-shard';
    const detail = `Expected the shard to go on after line ${last.line} but: ${(error as Error).message}`;
    yield { text: '', shard, line: last.line + 1, fault: { reason, detail } };
  } finally {
    close();
  }
}

/** Whether a shard is one JSON array instead of lines; judged by its first byte that is not white space. */
async function beginsWithBracket(file: DumpFile): Promise<boolean> {
  const { text, close } = openText(file, { most: 64 * 1024 });
  try {
    for await (const chunk of text) return /^\uFEFF?\s*\[/.test((chunk as Buffer).toString('utf8', 0, 4096));
    return false;
  } catch {
    // Whatever is wrong with it will be said when it is read.
    return false;
  } finally {
    close();
  }
}

/** A file's text, unpacked where its name says that it is gzipped; whoever iterates gets the errors of both. */
function openText(
  { name, place }: DumpFile,
  options: { most?: number } = {},
): { text: Readable; close(): void } {
  const bytes = streamPlace(place, { ...options, chunk: CHUNK });
  const text = name.endsWith('.gz') ? bytes.pipe(createGunzip({ chunkSize: CHUNK })) : bytes;
  bytes.on('error', (error) => text.destroy(error));
  text.on('error', () => {});
  const close = () => {
    bytes.destroy();
    text.destroy();
  };
  return { text, close };
}
