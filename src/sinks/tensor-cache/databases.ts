import { statfsSync } from 'node:fs';
import type { Database, RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import { PipelineError } from '../../errors.js';
import type { CacheIdentity } from './cache.js';

/** One samples database a task and recipe: more than any cache shared between runs will hold. */
const MAX_DATABASES = 1024;
const VALUES = 'values';
const METADATA = 'metadata';
const IDENTITY = 'identity';
/** Named databases that hold a task's samples: `samples/<task>/<hash>`. */
export const SAMPLES = 'samples/';

/** An LMDB environment laid out as a tensor cache. */
export interface CacheDatabases {
  root: RootDatabase;
  /** Unsigned integer keys → value bytes. */
  values: Database<Buffer, number>;
  /** `identity` and `photo/<sha256>` → JSON. */
  metadata: Database<string, string>;
}

/** What the metadata database knows of a photo. */
export interface PhotoEntry {
  key: number;
  /** CRC-32 of the value. */
  crc: number;
}

export const photoKey = (sha256: string) => `photo/${sha256}`;

/** Named databases lie under a root with default keys: LMDB refuses integer keys there. */
export function openDatabases(path: string, { readOnly }: { readOnly: boolean }): CacheDatabases {
  // `noSubdir: false`, because a folder name with a dot in it would otherwise become a file.
  const root = open({ path, readOnly, noSubdir: false, maxDbs: MAX_DATABASES, compression: false });
  return {
    root,
    values: root.openDB({ name: VALUES, encoding: 'binary', keyEncoding: 'uint32' }) as never,
    metadata: root.openDB({ name: METADATA, encoding: 'string' }) as never,
  };
}

/** One task's samples, by index. */
export function openSamples(root: RootDatabase, task: string, hash: string): Database<string, number> {
  return root.openDB({
    name: `${SAMPLES}${task}/${hash}`,
    encoding: 'string',
    keyEncoding: 'uint32',
  }) as never;
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

/** Turns what LMDB threw into an error that says what to do. */
export function cacheError(path: string, error: unknown): unknown {
  if (error instanceof PipelineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/no space|ENOSPC/i.test(message)) return diskFull(path, 'some room', error);
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

/**
 * LMDB tells of a full disk as an input/output error, in the middle of a transaction and on the console: so the room is
 * looked at first.
 * @throws {PipelineError} `DISK_FULL` unless the disk has room for `bytes` more.
 */
export function assertRoom(path: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  if (free < bytes) throw diskFull(path, `${bytes} bytes`, undefined, free);
}

function diskFull(path: string, wanted: string, cause: unknown, free = 0): PipelineError {
  return new PipelineError(
    'DISK_FULL',
    `Expected ${wanted} on the disk for the cache but ${free} bytes are free`,
    {
      key: path,
      hint: 'Free some space and run the same command again: the cache goes on from where it is.',
      ...(cause !== undefined && { cause }),
    },
  );
}
