import { closeSync, fsyncSync, openSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventBus } from '../../events.js';
import { acquireLock } from '../../lock.js';
import { telling } from '../../telling.js';
import type { CachedSample } from './cache.js';
import { dataFile, openSamples, photoEntries, sampleSet, samplesNames } from './databases.js';
import { openCache, openReadOnly } from './open.js';
import { writeCache } from './write.js';

/** Values between two waits for their commit. */
const BYTES_IN_FLIGHT = 32 * 2 ** 20;

/**
 * Rewrites a cache without the holes that removed photos left: keys are dense again, in the same order, samples name
 * the new keys, and the digest is that of a cache that never had the removed photos. The new file takes the old one's
 * place at once, when it is whole and synced: a crash at any instant leaves the one or the other. Readers that are open
 * go on with the old file.
 * @returns how many photos there are.
 * @throws {PipelineError} `RUN_LOCKED` while another process writes it, `NOT_FOUND`; `CACHE_CORRUPT` for a cache that
 * `verify` finds damaged; `DISK_FULL` unless there is room for a second file.
 */
export async function compactCache(path: string, events?: EventBus): Promise<number> {
  const lock = acquireLock(join(path, 'writer.lock'), `the cache ${path}`);
  const unfinished = join(path, 'compact.unfinished');
  try {
    await rm(unfinished, { recursive: true, force: true });
    await assertWhole(path, events);
    const photos = await copyLive(path, unfinished, events);
    // The table of readers belongs to the old file: whoever has it open keeps both.
    await rm(join(path, 'lock.mdb'), { force: true });
    await rename(dataFile(unfinished), dataFile(path));
    sync(path);
    return photos;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    lock.release();
  }
}

/** New checksums and a new seal would make damage look right. */
async function assertWhole(path: string, events: EventBus | undefined): Promise<void> {
  const cache = openCache(path);
  try {
    await cache.verify(telling(events, { stage: 'check', unit: 'photos', total: cache.length }));
  } finally {
    await cache.close();
  }
}

async function copyLive(from: string, to: string, events: EventBus | undefined): Promise<number> {
  const { databases, identity } = openReadOnly(from);
  const { root, values } = databases;
  const writer = await writeCache(to, identity);
  try {
    const photos = new Map<number, string>();
    for (const { key, sha256 } of photoEntries(databases)) photos.set(key, sha256);
    writer.reserve(photos.size);
    let puts: Promise<void>[] = [];
    let waiting = 0;
    let done = 0;
    const tell = telling(events, { stage: 'compact', unit: 'photos', total: photos.size });
    for (const key of [...values.getKeys()]) {
      // A copy: the next read reuses the memory.
      const found = values.getBinaryFast(key)!;
      const value = Uint8Array.from(found.subarray(0, found.length));
      puts.push(writer.put(photos.get(key)!, value));
      waiting += value.length;
      done += 1;
      tell(done);
      if (waiting < BYTES_IN_FLIGHT) continue;
      await Promise.all(puts);
      puts = [];
      waiting = 0;
    }
    await Promise.all(puts);
    for (const name of samplesNames(root)) {
      const rows = [...openSamples(root, name).getRange()].map(
        ({ value }) => JSON.parse(value) as CachedSample,
      );
      const { task, hash } = sampleSet(name);
      await writer.putSamples(
        task,
        hash,
        rows.flatMap(({ key, ...row }) => {
          const sha256 = photos.get(key);
          return sha256 === undefined ? [] : [{ ...row, sha256 }];
        }),
      );
    }
    return photos.size;
  } finally {
    await writer.close();
    await databases.close();
  }
}

/** A new name in a folder is on the disk only when the folder is. */
function sync(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
