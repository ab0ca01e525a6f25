import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { IF_EXISTS } from 'lmdb';
import { canonicalJson } from '../../canonical-json.js';
import { PipelineError } from '../../errors.js';
import { acquireLock } from '../../lock.js';
import type { CacheIdentity, CacheWriter } from './cache.js';
import {
  assertRoom,
  type CacheDatabases,
  cacheError,
  FILE_ID,
  keepNextKey,
  nextKey,
  openDatabases,
  openSamples,
  type PhotoEntry,
  photoKey,
  readIdentity,
  SEAL,
  samplesName,
  samplesNames,
  writeIdentity,
} from './databases.js';
import { sealOf } from './digest.js';
import { assertIdentity, storesJpegs, valueBytes } from './same-identity.js';
import { assertPhotoName, assertPossible, assertSamples, assertStorable } from './storable.js';

/**
 * Opens a cache for writing, made where absent; photos of an earlier build stay.
 * @throws {PipelineError} `RUN_LOCKED` while another process writes it or this one reads it, `CACHE_MISMATCH` where it was made with
 * another identity, `USAGE` for an identity that is none; `DISK_FULL` from its promises.
 */
export async function writeCache(path: string, identity: CacheIdentity): Promise<CacheWriter> {
  assertPossible(identity);
  const lock = acquireLock(join(path, 'writer.lock'), `the cache ${path}`);
  try {
    const databases = openDatabases(path, { readOnly: false });
    try {
      const found = readIdentity(databases);
      if (found === undefined) await writeIdentity(databases, identity, canonicalJson(identity));
      else assertIdentity(path, found, identity);
      if (!databases.metadata.doesExist(FILE_ID)) await databases.metadata.put(FILE_ID, randomUUID());
    } catch (error) {
      await databases.close();
      throw error;
    }
    return writer(path, identity, databases, lock.release);
  } catch (error) {
    lock.release();
    throw cacheError(path, error);
  }
}

/**
 * Makes sure that caches have room for so many more photos each: every one for itself, and all together.
 * @returns the bytes that they will grow by, at most.
 * @throws {PipelineError} `DISK_FULL`
 */
export function reserveAll(wanted: readonly { writer: CacheWriter; photos: number }[]): number {
  const needed = wanted.reduce((sum, { writer, photos }) => sum + writer.reserve(photos), 0);
  if (wanted.length > 1) assertRoom(wanted[0]!.writer.path, needed);
  return needed;
}

/** What a transaction needs besides values: copies of the pages of both trees. */
const RESERVED_BYTES = 512 * 1024;
/** A sample's row, and its share of pages that are at least half full. */
const SAMPLE_BYTES = 512;
/** LMDB's pages, as most machines have them. */
const PAGE = 4096;
const PAGE_HEADER = 24;
/** Bytes of a JPEG that has hardly a pixel. */
const JPEG_TABLES = 1024;

function writer(
  path: string,
  identity: CacheIdentity,
  databases: CacheDatabases,
  release: () => void,
): CacheWriter {
  const { root, values, metadata } = databases;
  // Photos that were put and are not yet committed: the database does not show them.
  const pending = new Set<string>();
  let pendingBytes = 0;
  let next = nextKey(databases);
  /** The key of this writer's last put, while it is there. */
  let before: number | undefined;
  let length = (values.getStats() as { entryCount: number }).entryCount;
  const has = (sha256: string) => pending.has(sha256) || metadata.doesExist(photoKey(sha256));
  // Photos lie in the order of their puts: after one that failed no other may be stored, or the cache that goes on from
  // here would hold them in another order than one that never failed.
  let failure: { error: unknown } | undefined;
  /** What changes records breaks their seal first, in its own transaction. */
  const breakSeal = () => quietly(metadata.remove(SEAL));
  let closed: Promise<void> | undefined;
  const assertOpen = () => {
    if (closed === undefined) return;
    throw new PipelineError('USAGE', 'Expected a writer that is open but it was closed', { key: path });
  };
  const guarded = async (work: () => Promise<unknown>) => {
    if (failure !== undefined) throw failure.error;
    try {
      const done = work();
      // LMDB's own promise of the event turn's batch, which fails beside ours and is made at the end of the turn.
      setImmediate(() => root.committed.then(nothing, nothing));
      await done;
    } catch (error) {
      // Another promise of the same failure, which nobody else would wait for.
      (error as { commitError?: Promise<unknown> }).commitError?.catch(nothing);
      failure ??= { error: cacheError(path, error) };
      throw failure.error;
    }
  };
  const seal = async () => {
    await root.committed;
    if (!metadata.doesExist(SEAL)) await metadata.put(SEAL, sealOf(databases));
    await root.flushed;
  };
  const finish = async () => {
    try {
      if (failure === undefined) await guarded(seal);
      // LMDB would wait for ever for the failed commit to reach the disk, but for another one: of nothing.
      else await metadata.remove('').catch(nothing);
    } finally {
      await databases.close();
      release();
    }
  };
  return {
    path,
    get length() {
      return length;
    },
    has,
    reserve(photos) {
      const needed = photos === 0 ? 0 : photos * pageBytes(expectedBytes(identity)) + RESERVED_BYTES;
      assertRoom(path, needed);
      return needed;
    },
    async put(sha256, value) {
      assertOpen();
      assertPhotoName(sha256);
      assertStorable(identity, value);
      if (has(sha256)) return;
      await guarded(async () => {
        assertRoom(path, pendingBytes + value.length + RESERVED_BYTES);
        const key = next;
        next += 1;
        length += 1;
        pending.add(sha256);
        pendingBytes += value.length;
        const buffer = Buffer.from(value.buffer, value.byteOffset, value.length);
        const entry = canonicalJson({ key, crc: crc32(buffer) });
        // Both in one transaction: a value is never there without its checksum.
        const write = () => {
          if (before === undefined) breakSeal();
          quietly(values.put(key, buffer));
          quietly(metadata.put(photoKey(sha256), entry));
        };
        // What is queued already when a commit fails must not be stored either.
        const stored = before === undefined ? root.batch(write) : values.ifVersion(before, IF_EXISTS, write);
        before = key;
        if (!(await stored)) throw new Error('the photo before it could not be stored');
        pending.delete(sha256);
        pendingBytes -= value.length;
      });
    },
    async remove(sha256) {
      assertOpen();
      // One that is still being put has no key yet that could be looked up; and what is put after this must not wait
      // for one that is gone.
      await root.committed;
      before = undefined;
      const text = metadata.get(photoKey(sha256));
      if (text === undefined) return false;
      const { key } = JSON.parse(text) as PhotoEntry;
      await guarded(() =>
        root.batch(() => {
          breakSeal();
          quietly(keepNextKey(databases, next));
          quietly(metadata.remove(photoKey(sha256)));
          quietly(values.remove(key));
        }),
      );
      length -= 1;
      return true;
    },
    async putSamples(task, hash, samples) {
      assertOpen();
      assertSamples(task, hash, samples);
      // Photos that are still being put.
      await guarded(() => root.committed);
      for (const { sha256 } of samples) {
        if (metadata.doesExist(photoKey(sha256))) continue;
        throw new PipelineError('NOT_FOUND', 'Expected the photos of samples in the cache', {
          key: `${path} ${sha256}`,
          hint: 'Put a photo before the samples that name it.',
        });
      }
      const database = openSamples(root, samplesName(task, hash));
      await guarded(async () => {
        assertRoom(path, pendingBytes + samples.length * SAMPLE_BYTES + RESERVED_BYTES);
        await root.transaction(() => {
          breakSeal();
          database.clearSync();
          for (const [index, { sha256, label, split, component }] of samples.entries()) {
            const { key } = JSON.parse(metadata.get(photoKey(sha256))!) as PhotoEntry;
            quietly(database.put(index, canonicalJson({ key, label, split, component })));
          }
        });
      });
    },
    async removeSamples(task, hash) {
      assertOpen();
      const name = samplesName(task, hash);
      if (!samplesNames(root).includes(name)) return;
      const database = openSamples(root, name);
      await guarded(() =>
        root.transaction(() => {
          breakSeal();
          database.dropSync();
        }),
      );
    },
    close() {
      closed ??= finish();
      return closed;
    },
  };
}

/** What is reserved for a value: of a JPEG its tables and a quarter of the pixels, where catalogue photos take a tenth. */
function expectedBytes(identity: CacheIdentity): number {
  const bytes = valueBytes(identity);
  return storesJpegs(identity) ? JPEG_TABLES + bytes / 4 : bytes;
}

/** What a value takes in the file: pages of its own, or for a small one its share of pages that are at least half full. */
function pageBytes(value: number): number {
  const ofTrees = 512;
  return ofTrees + (value > PAGE / 2 ? Math.ceil((value + PAGE_HEADER) / PAGE) * PAGE : 2 * value);
}

/** The transaction's own promise tells of a failure: each write's must not be an unhandled one beside it. */
function quietly(write: Promise<unknown>): void {
  write.catch(nothing);
}

function nothing(): void {}
