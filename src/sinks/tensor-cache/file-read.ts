import { closeSync, openSync, read, readSync } from 'node:fs';
import { totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { RootDatabase } from 'lmdb';
import { newestSnapshot } from './data-file.js';
import { FILE_ID } from './databases.js';
import { largeValueAt, leafNodes, type Pages, readTree, type Tree } from './page-tree.js';

/** Reads values with reads of the file instead of from LMDB's map of it. */
export interface FileReader {
  /** A value's bytes; 0 where it has no pages of its own, as small ones and those that were put since the first read. */
  sizeOf(key: number): number;
  /** Reads a value that has a size into `target` from `offset` on. @throws {Error} unless it is there. */
  read(key: number, target: Uint8Array, offset: number): void;
  /** Whether `read` has read it, so that it is in memory if all are. */
  hasRead(key: number): boolean;
  /** Has values read into the system's memory, those that lie together at once, by another thread. */
  prefetch(keys: Iterable<number>): void;
  close(): Promise<void>;
}

/**
 * Whether a cache of so many bytes stays in memory once it was read: half of what this process may use is for the rest.
 */
export function fitsIntoMemory(bytes: number): boolean {
  // Without a limit it is 0, or more than any machine has.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return bytes <= Math.min(totalmem(), limit) / 2;
}

/** Of the time between two looks at where values lie, beside a writer, so much may be spent on looking. */
const LOOKING = 0.05;

/**
 * For values that are not in memory: the map brings them from the disk a few pages a fault, with those around that nobody
 * wants; one read of the file brings a value at once and nothing else (measured on photos of 224 × 224, shuffled: 25 times
 * as fast). Where values lie is known for one snapshot of the cache, and used while it is the newest: a reader that held it
 * for longer than a turn of the event loop would keep a writer from using pages again. Beside a writer it is looked up anew
 * from time to time, and between these times nothing has a size.
 * @param id the name of the file that LMDB has open: another that lies there by now is not read.
 */
export function fileReader(file: string, root: RootDatabase, id: string | undefined): FileReader {
  let fd: number | undefined;
  let known: Places = NONE;
  /** When they may be looked up again, in milliseconds. */
  let again = Number.NEGATIVE_INFINITY;
  let inTurn: Places | undefined;
  let reading = Promise.resolve();
  let closing = false;
  /** Where values lie in the newest snapshot, which stays as it is until the turn is over. */
  const places = () => {
    if (inTurn !== undefined) return inTurn;
    // Before the look: what is newer than this snapshot stays too.
    const transaction = root.useReadTransaction();
    setImmediate(() => {
      inTurn = undefined;
      transaction.done();
    });
    fd ??= openSync(file, 'r');
    inTurn = newest(fd);
    return inTurn;
  };
  const newest = (from: number): Places => {
    const snapshot = newestSnapshot(from);
    if (snapshot === undefined) throw new Error('it is no data file');
    if (snapshot.transaction === known.transaction) return known;
    const start = performance.now();
    if (start < again) return NONE;
    known = placesOf(snapshot, { id, before: known });
    const end = performance.now();
    again = end + (end - start) / LOOKING;
    return known;
  };
  return {
    sizeOf: (key) => places().bytes[key] ?? 0,
    read(key, target, offset) {
      const { offsets, bytes, read } = places();
      const size = bytes[key]!;
      if (readSync(fd!, target, offset, size, offsets[key]!) < size) {
        throw new Error(`the value under key ${key} is not in the file`);
      }
      read[key] = 1;
    },
    hasRead: (key) => known.read[key] === 1,
    prefetch(keys) {
      const runs = runsOf(keys, places());
      const from = fd!;
      reading = reading
        .then(async () => {
          const memory = Buffer.allocUnsafe(LONGEST_RUN);
          // Whatever lies there by now: it is not looked at.
          for (const run of runs) {
            // A longer value than a run is read by whoever wants it.
            if (closing) return;
            await readAhead(from, memory, 0, Math.min(run.to - run.from, LONGEST_RUN), run.from);
          }
        })
        // Whoever reads the value is told.
        .catch(() => {});
    },
    async close() {
      closing = true;
      await reading;
      if (fd === undefined) return;
      closeSync(fd);
      fd = undefined;
    },
  };
}

const readAhead = promisify(read);

/** Bytes that are read ahead at once. */
const LONGEST_RUN = 2 ** 20;

/** The parts of the file that hold values, from its beginning on, and what lies between those that are close. */
function runsOf(keys: Iterable<number>, { offsets, bytes }: Places): { from: number; to: number }[] {
  const large = [...keys].filter((key) => (bytes[key] ?? 0) > 0).sort((a, b) => offsets[a]! - offsets[b]!);
  const runs: { from: number; to: number }[] = [];
  for (const key of large) {
    const from = offsets[key]!;
    const to = from + bytes[key]!;
    const last = runs.at(-1);
    if (last !== undefined && from - last.to <= CLOSE && to - last.from <= LONGEST_RUN) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}

/** Reading so many bytes costs less than a second read. */
const CLOSE = 32_768;

/** By key; 0 bytes for what is not a large value. */
interface Places {
  /** Of the snapshot. */
  transaction: bigint | undefined;
  offsets: Float64Array;
  bytes: Uint32Array;
  /** 1 once it was read. */
  read: Uint8Array;
}

const NONE: Places = {
  transaction: undefined,
  offsets: new Float64Array(0),
  bytes: new Uint32Array(0),
  read: new Uint8Array(0),
};

/** None in another file than the one with this name, as after a compaction. A value stays where it is while it is there. */
function placesOf(
  { transaction, pages, main }: NonNullable<ReturnType<typeof newestSnapshot>>,
  { id, before }: { id: string | undefined; before: Places },
): Places {
  const trees = new Map<string, Tree>();
  for (const { key, data } of leafNodes(pages, main)) trees.set(key.toString('latin1'), readTree(data, 0));
  const found: { key: number; offset: number; size: number }[] = [];
  const values = trees.get('values\0');
  if (values !== undefined && id !== undefined && fileId(pages, trees.get('metadata\0')) === id) {
    for (const value of leafNodes(pages, values)) {
      const offset = largeValueAt(value, pages.pageSize);
      if (offset !== undefined) found.push({ key: value.key.readUInt32LE(0), offset, size: value.size });
    }
  }
  const keys = (found.at(-1)?.key ?? -1) + 1;
  const places = {
    transaction,
    offsets: new Float64Array(keys),
    bytes: new Uint32Array(keys),
    read: new Uint8Array(keys),
  };
  places.read.set(before.read.subarray(0, keys));
  for (const { key, offset, size } of found) {
    places.offsets[key] = offset;
    places.bytes[key] = size;
  }
  return places;
}

function fileId(pages: Pages, metadata: Tree | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  // It is the first record.
  for (const { key, data } of leafNodes(pages, metadata)) {
    return key.toString('latin1').replace(/\0$/, '') === FILE_ID ? data.toString('latin1') : undefined;
  }
  return undefined;
}
