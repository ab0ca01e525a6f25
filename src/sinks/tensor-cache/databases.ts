import { existsSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import { PipelineError } from '../../errors.js';
import type { CacheIdentity } from './cache.js';
import { assertSound } from './data-file.js';

/** One samples database a task and recipe: more than any cache shared between runs will hold. */
const MAX_DATABASES = 1024;
const VALUES = 'values';
const METADATA = 'metadata';
const IDENTITY = 'identity';
/** Named databases that hold a task's samples: `samples/<task>/<hash>`. */
const SAMPLES = 'samples/';

/** An LMDB environment laid out as a tensor cache. */
export interface CacheDatabases {
  root: RootDatabase;
  /** Unsigned integer keys → value bytes. */
  values: Database<Buffer, number>;
  /** `identity`, `photo/<sha256>` → JSON, `file`, `seal`, and `next` after removals. */
  metadata: Database<string, string>;
  close(): Promise<void>;
}

/**
 * How many readers of a cache this thread has open. LMDB has one environment a file and process: one that was opened for
 * reading cannot write, and a writer that tried would leave it unable to for as long as the process lives.
 */
const readers = new Map<string, number>();

/** What the metadata database knows of a photo. */
export interface PhotoEntry {
  key: number;
  /** CRC-32 of the value. */
  crc: number;
}

export const photoKey = (sha256: string) => `photo/${sha256}`;

/** What the records' digest was when the last writer closed; absent while one writes, and after one that was killed. */
export const SEAL = 'seal';

/**
 * A random name of the file: in one process LMDB goes on with a file that it has open, whatever file lies at its path by
 * now. Neither in the digest nor in the seal. It sorts before all other records.
 */
export const FILE_ID = 'file';

/** The next key to give, where the photo with the last key was removed: no key ever names two photos. */
const NEXT_KEY = 'next';

/** The one file of a cache that is worth keeping. */
export const dataFile = (path: string) => join(path, 'data.mdb');

/**
 * Named databases lie under a root with default keys: LMDB refuses integer keys there.
 * @throws {PipelineError} `RUN_LOCKED` for a writer where this thread reads the cache, `CACHE_CORRUPT`.
 */
export function openDatabases(path: string, { readOnly }: { readOnly: boolean }): CacheDatabases {
  const folder = existsSync(path) ? realpathSync(path) : path;
  if (!readOnly && readers.has(folder)) throw readHere(path);
  const file = dataFile(path);
  // A builder that is killed in its first moments leaves an empty file, with which LMDB begins.
  if (existsSync(file) && (readOnly || statSync(file).size > 0)) assertSound(path, file);
  // `noSubdir: false`, because a folder name with a dot in it would otherwise become a file.
  const root = open({ path, readOnly, noSubdir: false, maxDbs: MAX_DATABASES, compression: false });
  if (readOnly) readers.set(folder, (readers.get(folder) ?? 0) + 1);
  let closed: Promise<void> | undefined;
  const close = () => {
    // LMDB closes what it did not write at once.
    const closing = root.close();
    if (!readOnly) return closing;
    const left = readers.get(folder)! - 1;
    if (left > 0) readers.set(folder, left);
    else readers.delete(folder);
    return closing;
  };
  try {
    return {
      root,
      values: root.openDB({ name: VALUES, encoding: 'binary', keyEncoding: 'uint32' }) as never,
      metadata: root.openDB({ name: METADATA, encoding: 'string' }) as never,
      close: () => (closed ??= close()),
    };
  } catch (error) {
    // Left open, it would be in the next opener's way.
    void close();
    throw error;
  }
}

/** The name of a task's samples. */
export const samplesName = (task: string, hash: string) => `${SAMPLES}${task}/${hash}`;

/** One task's samples, by index. */
export function openSamples(root: RootDatabase, name: string): Database<string, number> {
  try {
    return root.openDB({ name, encoding: 'string', keyEncoding: 'uint32' }) as never;
  } catch (error) {
    if (!/MDB_DBS_FULL/.test(String(error))) throw error;
    throw new PipelineError(
      'INPUT_INVALID',
      `Expected at most ${MAX_DATABASES - 2} sets of samples in one cache`,
      {
        key: name,
        hint: '`pipeline prune` takes out those that no run uses any more.',
        cause: error,
      },
    );
  }
}

/** The identity that a cache was made with; undefined for an empty one. */
export function readIdentity({ metadata }: CacheDatabases): CacheIdentity | undefined {
  const text = metadata.get(IDENTITY);
  return text === undefined ? undefined : (JSON.parse(text) as CacheIdentity);
}

export async function writeIdentity({ metadata }: CacheDatabases, identity: CacheIdentity, json: string) {
  if (identity.schemaVersion !== 1) throw new TypeError('unknown schema version');
  await metadata.put(IDENTITY, json);
}

/** The key that the next photo gets. */
export function nextKey({ values, metadata }: CacheDatabases): number {
  let next = Number(metadata.get(NEXT_KEY) ?? 0);
  // A reverse range leaves out key 0 where it is the only one.
  if (values.doesExist(0)) next = Math.max(next, 1);
  for (const key of values.getKeys({ reverse: true, limit: 1 })) next = Math.max(next, key + 1);
  return next;
}

/** Within a transaction that removes values. */
export function keepNextKey({ metadata }: CacheDatabases, next: number): Promise<unknown> {
  return metadata.put(NEXT_KEY, String(next));
}

/** All photos, in the order of their files’ sha256. */
export function* photoEntries({
  metadata,
}: Pick<CacheDatabases, 'metadata'>): Generator<PhotoEntry & { sha256: string }> {
  const start = photoKey('');
  for (const { key, value } of metadata.getRange({ start, end: 'photo0' })) {
    yield { sha256: key.slice(start.length), ...(JSON.parse(value) as PhotoEntry) };
  }
}

/** What a samples database holds, by its name; were there a slash in a task's, the hash is what follows the last. */
export function sampleSet(name: string): { task: string; hash: string } {
  const end = name.lastIndexOf('/');
  return { task: name.slice(SAMPLES.length, end), hash: name.slice(end + 1) };
}

/** The names of all samples databases. Opening one while they are iterated would end the reader's transaction. */
export function samplesNames(root: RootDatabase): string[] {
  return [...(root.getKeys() as Iterable<string>)].filter((name) => name.startsWith(SAMPLES));
}

/** Turns what LMDB threw into an error that says what to do. */
export function cacheError(path: string, error: unknown): unknown {
  if (error instanceof PipelineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // A commit that failed where hardly a page is free failed for want of one.
  const full =
    /no space|ENOSPC/i.test(message) || (/^Commit failed/.test(message) && freeBytes(path) < 65_536);
  if (full) return diskFull(path, { wanted: 'some room', free: 0, ...THE_CACHE, cause: error });
  // LMDB has one environment a file and process, which was opened for reading only.
  if (/No transaction to renew/.test(message)) {
    return readHere(path, error);
  }
  if (/permission denied|read-only|EACCES|EROFS/i.test(message)) {
    return new PipelineError('INPUT_INVALID', 'Expected a tensor cache that may be opened', {
      key: path,
      hint: 'Look at the permissions of this folder.',
      cause: error,
    });
  }
  return new PipelineError('CACHE_CORRUPT', 'Expected a readable tensor cache', {
    key: path,
    hint: 'Remove this folder and build it again.',
    cause: error,
  });
}

function readHere(path: string, cause?: unknown): PipelineError {
  return new PipelineError('RUN_LOCKED', 'Expected a cache that this process does not read', {
    key: path,
    hint: 'Close its readers before that, or write it from another process.',
    ...(cause !== undefined && { cause }),
  });
}

/**
 * LMDB tells of a full disk as an input/output error, in the middle of a transaction and on the console: so the room is
 * looked at first.
 * @throws {PipelineError} `DISK_FULL` unless the disk has room for `bytes` more.
 */
export function assertRoom(path: string, bytes: number, wanting: Wanting = THE_CACHE): void {
  const free = freeBytes(path);
  if (free < bytes) throw diskFull(path, { wanted: `${bytes} bytes`, free, ...wanting });
}

/** What needs room on a disk, and what to do when there is none. */
interface Wanting {
  what: string;
  hint: string;
}

const THE_CACHE: Wanting = {
  what: 'the cache',
  hint: 'Free some space and run the same command again: the cache goes on from where it is.',
};

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function diskFull(
  path: string,
  { wanted, free, what, hint, cause }: Wanting & { wanted: string; free: number; cause?: unknown },
): PipelineError {
  return new PipelineError(
    'DISK_FULL',
    `Expected ${wanted} on the disk for ${what} but ${free} bytes are free`,
    { key: path, hint, ...(cause !== undefined && { cause }) },
  );
}
