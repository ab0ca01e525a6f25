import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { createGunzip } from 'node:zlib';
import { PipelineError, throwIfAborted } from '../errors.js';
import { readImageTable } from './image-table.js';
import { arrayRows } from './json-array.js';
import { splitRows } from './lines.js';
import type { RawRow, Source } from './source.js';

const SHARD = /^listings_.*\.json(\.gz)?$/;
const LISTINGS = 'listings/metadata';
const IMAGES = 'images/small';
const TABLES = ['images/metadata/images.csv.gz', 'images/metadata/images.csv'];

/** A dump in ABO's own layout, or its listings from a stream with the photos in such a dump. */
export type AboOptions = { dir: string } | { stdin: AsyncIterable<Uint8Array>; images: string };

/**
 * Opens a dump in ABO's layout: `listings/metadata/listings_*.json[.gz]`, `images/metadata/images.csv[.gz]`,
 * `images/small/`.
 * @throws {PipelineError} `DUMP_MISSING` when the folder, the image table or the photos' folder is not there,
 * `DUMP_EMPTY` when it has no shard.
 */
export async function aboSource(options: AboOptions): Promise<Source> {
  const root = resolve('dir' in options ? options.dir : options.images);
  await assertFolder(root, 'the dump');
  const table = await findTable(root);
  const imagesRoot = join(root, IMAGES);
  const images = (signal: AbortSignal) => readImageTable(table, signal);
  if ('stdin' in options) {
    return {
      kind: 'abo',
      name: '-',
      imagesRoot,
      images,
      rows: (signal) => splitRows(options.stdin, { signal }),
      identity: async () => undefined,
    };
  }
  const shards = await findShards(root);
  return {
    kind: 'abo',
    name: options.dir,
    imagesRoot,
    images,
    async *rows(signal) {
      for (const shard of shards) yield* readShard(shard, signal);
    },
    identity: () => filesIdentity([...shards, table], root),
  };
}

/** sha256 over the names (relative to `root`), sizes and modification times of files. */
export async function filesIdentity(files: readonly string[], root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file.slice(root.length)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function assertFolder(path: string, what: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new PipelineError('DUMP_MISSING', `Expected ${what} at ${path} but there is no such folder`, {
    hint: '`pipeline synth --out DIR` draws a small dump to try things with.',
  });
}

async function findTable(root: string): Promise<string> {
  for (const name of TABLES) {
    const file = join(root, name);
    if (await stat(file).catch(() => undefined)) return file;
  }
  throw new PipelineError('DUMP_MISSING', `Expected the image table ${TABLES[0]} in ${root} but found none`, {
    hint: 'A dump has listings/metadata, images/metadata and images/small.',
  });
}

/** The shards in ABO's order, which is the order of their names: 0..9, then a..f. */
async function findShards(root: string): Promise<string[]> {
  const folder = join(root, LISTINGS);
  await assertFolder(folder, 'listings');
  const names = (await readdir(folder)).filter((name) => SHARD.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(folder, name));
  throw new PipelineError('DUMP_EMPTY', `Expected listings_*.json.gz in ${folder} but found none`, {
    hint: 'A dump has listings/metadata/listings_0.json.gz and so on.',
  });
}

/** A shard's rows; what goes wrong in reading it ends this shard with a fault, not the run. */
async function* readShard(file: string, signal: AbortSignal): AsyncGenerator<RawRow> {
  const shard = basename(file);
  // Looked at first: a stream that is open may fail while nobody listens to it yet.
  const isArray = await beginsWithBracket(file);
  const bytes = createReadStream(file, { highWaterMark: 256 * 1024 });
  const text = file.endsWith('.gz') ? bytes.pipe(createGunzip({ chunkSize: 256 * 1024 })) : bytes;
  bytes.on('error', (error) => text.destroy(error));
  // Whoever iterates gets the error too.
  text.on('error', () => {});
  const last = { line: 0 };
  try {
    const rows = isArray ? arrayRows(text, shard) : splitRows(text, { signal, shard });
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
    bytes.destroy();
    text.destroy();
  }
}

/** Whether a shard is one JSON array instead of lines; judged by its first byte that is not white space. */
async function beginsWithBracket(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    if (!file.endsWith('.gz')) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
      return /^\uFEFF?\s*\[/.test(buffer.toString('utf8', 0, bytesRead));
    }
    const bytes = handle.createReadStream({ end: 65_535, autoClose: false });
    const text = createGunzip();
    bytes.on('error', (error) => text.destroy(error));
    text.on('error', () => {});
    bytes.pipe(text);
    for await (const chunk of text) return /^\uFEFF?\s*\[/.test((chunk as Buffer).toString('utf8', 0, 4096));
    return false;
  } catch {
    // Whatever is wrong with it will be said when it is read.
    return false;
  } finally {
    await handle.close().catch(() => {});
  }
}
