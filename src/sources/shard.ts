import { posix } from 'node:path';
import { throwIfAborted } from '../errors.js';
import { streamPlace } from '../place.js';
import { blocksOf, inBlocks } from '../streams.js';
import { arrayRows } from './json-array.js';
import { splitRows } from './lines.js';
import { peek } from './peek.js';
import type { CutLines, RawRow, ReadRow } from './source.js';
import { isTarHeader } from './tar.js';
import { tarMembers } from './tar-stream.js';
import { packingOfBytes, packingOfName, unpack } from './unpack.js';

/** A file of a dump. */
export interface DumpFile {
  /** Its name without folders, which says what it is. */
  name: string;
  /** Where its bytes are. */
  place: string;
}

/** Names of listing shards. */
export const SHARD = /^listings_.*\.json(\.gz|\.zst)?$/;

const CHUNK = 256 * 1024;
/** A header of a tar archive is as long. */
const HEAD = 512;
/** After so much white space a file is taken for lines. */
const MOST_BLANK = 4096;

/**
 * A shard's rows; what goes wrong in reading it ends this shard with a fault, not the run.
 * @param onBytes called with the length of each piece of the file that was read.
 */
export function readShard(
  { name, place }: DumpFile,
  signal: AbortSignal,
  cut: CutLines = splitRows,
  onBytes: (count: number) => void = () => {},
): AsyncIterable<RawRow | ReadRow> {
  return inBlocks(async function* () {
    const bytes = streamPlace(place, { chunk: CHUNK });
    try {
      yield* rowBlocks(measured(bytes, onBytes), { signal, shard: name, cut });
    } finally {
      bytes.destroy();
    }
  });
}

async function* measured(bytes: AsyncIterable<Uint8Array>, onBytes: (count: number) => void) {
  for await (const piece of bytes) {
    onBytes(piece.length);
    yield piece;
  }
}

/**
 * Listing rows from bytes of any kind: JSON lines or one JSON array, plain, gzipped or as Zstandard; without a name
 * also an archive with shards in it, in its own order. What goes wrong in reading ends the rows with a fault.
 * @param options.shard the file's name, which is believed where it says that the file is packed.
 * @param options.cut how lines become rows.
 */
export function readRows(
  source: AsyncIterable<Uint8Array>,
  { signal, shard, cut = splitRows }: { signal: AbortSignal; shard?: string; cut?: CutLines },
): AsyncIterable<RawRow | ReadRow> {
  return inBlocks(() => rowBlocks(source, { signal, cut, ...(shard !== undefined && { shard }) }));
}

async function* rowBlocks(
  source: AsyncIterable<Uint8Array>,
  { signal, shard, cut }: { signal: AbortSignal; shard?: string; cut: CutLines },
): AsyncGenerator<readonly (RawRow | ReadRow)[]> {
  const last = { line: 0 };
  try {
    const bytes = await unpacked(source, shard);
    const { head, all } = await peek(bytes, neededToTell);
    if (shard === undefined && isTarHeader(head)) {
      yield* archiveRows(all, signal, cut);
      return;
    }
    const named = shard === undefined ? {} : { shard };
    const rows = firstCharacter(head) === '[' ? arrayRows(all, shard) : cut(all, { signal, ...named });
    for await (const block of blocksOf(rows)) {
      last.line = block.at(-1)?.line ?? last.line;
      yield block;
    }
  } catch (error) {
    throwIfAborted(signal);
    const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    const reason = truncated ? 'truncated-shard' : 'unreadable-shard';
    const detail = `Expected the shard to go on after line ${last.line} but: ${(error as Error).message}`;
    const where = shard === undefined ? {} : { shard };
    yield [{ text: '', ...where, line: last.line + 1, fault: { reason, detail } }];
  }
}

async function unpacked(
  source: AsyncIterable<Uint8Array>,
  shard: string | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const byName = packingOfName(shard ?? '');
  if (byName !== undefined) return unpack(source, byName);
  const { head, all } = await peek(source, () => 4);
  return unpack(all, packingOfBytes(head));
}

/** The rows of an archive's shards; where the archive itself is cut, the last of them says so. */
async function* archiveRows(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  cut: CutLines,
): AsyncGenerator<readonly (RawRow | ReadRow)[]> {
  let over = false;
  const watched = async function* () {
    try {
      yield* source;
    } finally {
      // An archive says where it ends: nobody reads on but for what is missing.
      over = true;
    }
  };
  for await (const { name, bytes } of tarMembers(watched())) {
    const shard = posix.basename(name);
    if (!SHARD.test(shard)) continue;
    yield* rowBlocks(bytes, { signal, shard, cut });
    if (over) return;
  }
}

/** How many bytes it takes to tell an archive from lines and from an array; lines may come one by one, long after. */
function neededToTell(head: Buffer): number {
  const first = firstCharacter(head);
  if (first === '{' || first === '[') return 1;
  return first === undefined ? MOST_BLANK : HEAD;
}

/** The first character of text that is not white space. */
function firstCharacter(head: Buffer): string | undefined {
  return /^\uFEFF?\s*(\S)/.exec(head.toString('utf8', 0, MOST_BLANK))?.[1];
}
