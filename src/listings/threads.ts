import { mapOrdered } from '../concurrency.js';
import { listingScanner } from '../kernels/listing-scanner.js';
import { type Block, cutBlocks } from '../sources/blocks.js';
import { MAX_LINE_BYTES, tooLong, withoutMark } from '../sources/lines.js';
import type { CutLines, RawRow, ReadRow } from '../sources/source.js';
import { inBlocks } from '../streams.js';
import { threadPool } from '../thread-pool.js';
import { DIGEST_DIGITS } from './digest.js';
import { FIELDS, type Member, memberReader } from './member.js';
import { type BlockRows, readBlock } from './read-block.js';
import { sharedMemory } from './shared-memory.js';

/** Blocks that are read here: most dumps that are smaller are read before a thread has started. */
const FIRST_HERE = 4;
/** Jobs at once for each thread, so that none waits until this thread can hand it its next. */
const JOBS_A_THREAD = 2;

/** Threads that read rows. */
export interface ListingThreads {
  /** As `splitRows`, with the rows' objects and digests already taken where the row is plain JSON. */
  cut: CutLines;
  close(): Promise<void>;
}

/**
 * Rows of lines, read in threads: what comes out is the same for any number of them, and what `splitRows` and `parseRow`
 * make of the bytes. The threads check all of a row; only its wanted attributes are built.
 * @param options.workers threads; 0: all is done here.
 * @param options.needs keys of the dump that become attributes; absent: all. Of the others nothing is noted.
 * @param options.blockBytes for tests.
 */
export function listingThreads({
  workers,
  needs,
  blockBytes,
}: {
  workers: number;
  needs?: readonly string[];
  blockBytes?: number;
}): ListingThreads {
  const names = needs === undefined ? undefined : [...new Set([...FIELDS, ...needs])];
  const scanner = listingScanner(names);
  const members = memberReader();
  const memory = sharedMemory();
  let pool: ReturnType<typeof startPool> | undefined;
  const startPool = () =>
    threadPool<Uint8Array, BlockRows>({
      module: new URL('./worker.js', import.meta.url),
      workers,
      jobsAThread: JOBS_A_THREAD,
      work: 'read listings',
      data: { names },
    });
  let blocks = 0;
  return {
    cut: (source, { signal, shard }) =>
      inBlocks(async function* () {
        const read = async (block: Block) => {
          if ('tooLong' in block) return block;
          blocks += 1;
          try {
            if (workers === 0 || blocks <= FIRST_HERE) return readBlock(block.lines, { scanner });
            pool ??= startPool();
            return await pool.run(block.lines, { signal });
          } finally {
            // After an abort a thread may read it still.
            if (!signal.aborted) memory.giveBack(block.lines);
          }
        };
        const results = mapOrdered(
          cutBlocks(source, {
            signal,
            allocate: memory.lend,
            ...(blockBytes !== undefined && { blockBytes }),
          }),
          read,
          {
            concurrency: Math.max(1, JOBS_A_THREAD * workers),
            window: 2 * JOBS_A_THREAD * Math.max(1, workers),
            signal,
          },
        );
        let before = 0;
        for await (const block of results) {
          if ('tooLong' in block) {
            before += 1;
            yield [
              {
                ...tooLong(block.tooLong, MAX_LINE_BYTES),
                ...(shard !== undefined && { shard }),
                line: before,
              },
            ];
            continue;
          }
          const rows = rowsOf(block, { before, shard, read: members });
          before += block.lines;
          if (rows.length > 0) yield rows;
        }
      }),
    close: async () => pool?.close(),
  };
}

/** A block's rows in the order of its lines. */
function rowsOf(
  { members: text, numbers, ends, digests, at, others }: BlockRows,
  {
    before,
    shard,
    read,
  }: { before: number; shard: string | undefined; read: ReturnType<typeof memberReader> },
): (RawRow | ReadRow)[] {
  const members = membersIn(text, read);
  const digest = textOf(digests);
  const named = shard !== undefined && { shard };
  const found: (RawRow | ReadRow)[] = [];
  let other = 0;
  const addOthers = (until: number) => {
    for (; other < others.length && others[other]!.line < until; other++) {
      const { line, row } = others[other]!;
      found.push({ ...(before + line === 0 ? withoutMark(row) : row), ...named, line: before + line + 1 });
    }
  };
  let from = 0;
  for (const [index, line] of at.entries()) {
    addOthers(line);
    const start = index * DIGEST_DIGITS;
    const to = ends[index]!;
    const own = { members, numbers, from, to, digest: digest.slice(start, start + DIGEST_DIGITS) };
    found.push({ text: '', ...named, line: before + line + 1, read: own });
    from = to;
  }
  addOthers(Number.POSITIVE_INFINITY);
  return found;
}

/** @param text a JSON array of a key, its value, the next key and so on. */
function membersIn(text: Uint8Array, read: ReturnType<typeof memberReader>): Member[] {
  const flat = JSON.parse(textOf(text)) as unknown[];
  const members: Member[] = [];
  for (let at = 0; at < flat.length; at += 2) members.push(read(flat[at] as string, flat[at + 1]));
  return members;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
