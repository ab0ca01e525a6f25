import { existsSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { PipelineError } from '../../errors.js';
import { jpegDecoder } from '../../kernels/jpeg-storage.js';
import type { CachedSample, CacheIdentity, TensorCache } from './cache.js';
import {
  type CacheDatabases,
  cacheError,
  dataFile,
  FILE_ID,
  openDatabases,
  openSamples,
  type PhotoEntry,
  photoEntries,
  photoKey,
  readIdentity,
  SEAL,
  sampleSet,
  samplesName,
  samplesNames,
} from './databases.js';
import { digestOf, sealOf } from './digest.js';
import { LARGEST_DIRECT, readDirectly } from './direct-read.js';
import { fileReader, fitsIntoMemory } from './file-read.js';
import { assertIdentity, storesJpegs, valueBytes } from './same-identity.js';

const BUILD_AGAIN = 'Remove this cache and build it again; its disk may be failing.';

/** Photos between two turns of the event loop while a whole cache is read. */
const PHOTOS_A_TURN = 64;

/**
 * Opens a cache for reading, beside a writer too.
 * @throws {PipelineError} `NOT_FOUND` where there is none, `CACHE_MISMATCH` where it is not the one that was asked
 * for, `CACHE_CORRUPT` where it cannot be read.
 * @param options.file the name of the file that it must still be.
 */
export function openCache(
  path: string,
  options: { identity?: CacheIdentity; file?: string | undefined } = {},
): TensorCache {
  const { databases, identity } = openReadOnly(path, options.identity);
  const id = databases.metadata.get(FILE_ID);
  if (options.file !== undefined && options.file !== id) {
    void databases.close();
    throw new PipelineError('CACHE_MISMATCH', 'Expected the file that was there before but found another', {
      key: path,
      hint: 'The cache was compacted or built anew in the meantime, and its keys changed: open it again.',
    });
  }
  const { root, values, metadata } = databases;
  const bytes = valueBytes(identity);
  const decode = storesJpegs(identity) ? jpegDecoder(identity) : undefined;
  /** What JSON of a record cannot be read is damage. */
  const readingRecords = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw cacheError(path, error);
    }
  };
  const photo = (sha256: string): PhotoEntry | undefined => {
    const text = metadata.get(photoKey(sha256));
    return text === undefined ? undefined : readingRecords(() => JSON.parse(text) as PhotoEntry);
  };
  const file = dataFile(path);
  const reader = fileReader(file, root, id);
  const fits = fitsIntoMemory(statSync(file).size);
  /** Whether a value should be read from the file: unless it is in memory, as far as can be known. */
  const byFile = (key: number) => !(fits && reader.hasRead(key)) && reader.sizeOf(key) > 0;
  let room = new Uint8Array(0);
  const fromFile = (key: number) => {
    const size = reader.sizeOf(key);
    if (room.length < size) room = new Uint8Array(size);
    reader.read(key, room, 0);
    return room.subarray(0, size);
  };
  /** Valid until the next read. */
  const mapped = (key: number) => {
    const value = values.getBinaryFast(key);
    if (value === undefined) throw missing(key);
    return new Uint8Array(value.buffer, value.byteOffset, value.length);
  };
  const readMapped = (keys: number[], target: Uint8Array) => {
    const wrong = readDirectly(values, keys, target, bytes);
    if (wrong === undefined) return;
    if (!values.doesExist(wrong)) throw missing(wrong);
    throw corrupt(`Expected ${bytes} bytes under key ${wrong}`);
  };
  const corrupt = (message: string, more: { key?: string; cause?: unknown } = {}) =>
    new PipelineError('CACHE_CORRUPT', message, { key: path, hint: BUILD_AGAIN, ...more });
  const missing = (key: number) =>
    new PipelineError('NOT_FOUND', `Expected key ${key} in the cache`, { key: path });
  return {
    path,
    identity,
    file: id,
    valueBytes: bytes,
    get length() {
      return (values.getStats() as { entryCount: number }).entryCount;
    },
    keys: () => Uint32Array.from(values.getKeys()),
    photos: () =>
      readingRecords(() =>
        [...photoEntries(databases)]
          .map(({ sha256, key }) => ({ sha256, key }))
          .sort((a, b) => a.key - b.key),
      ),
    keyOf: (sha256) => photo(sha256)?.key,
    read(key, target, offset = 0) {
      if (decode === undefined) return target.set(mapped(key), offset);
      if (offset + bytes > target.length) {
        throw new RangeError(`Expected room for ${offset + bytes} bytes but received ${target.length}`);
      }
      const stored = byFile(key) ? fromFile(key) : mapped(key);
      try {
        decode(stored, target.subarray(offset));
      } catch (error) {
        throw corrupt(`Expected a photo of the cache’s size under key ${key}`, { cause: error });
      }
    },
    readAll(keys, target) {
      if (keys.length * bytes > target.length) {
        throw new RangeError(`Expected room for ${keys.length * bytes} bytes but received ${target.length}`);
      }
      const direct = decode === undefined && bytes <= LARGEST_DIRECT;
      for (let row = 0; row < keys.length; ) {
        const key = keys[row]!;
        if (decode === undefined && byFile(key) && reader.sizeOf(key) === bytes) {
          reader.read(key, target, row * bytes);
          row += 1;
          continue;
        }
        // As many as there are one behind the other.
        let end = row + 1;
        while (direct && end < keys.length && !byFile(keys[end]!)) end += 1;
        if (direct) readMapped(Array.prototype.slice.call(keys, row, end), target.subarray(row * bytes));
        else this.read(key, target, row * bytes);
        row = end;
      }
    },
    prefetch(keys) {
      reader.prefetch(keys.filter(byFile));
    },
    samples(task, hash) {
      const name = samplesName(task, hash);
      if (!samplesNames(root).includes(name)) return undefined;
      return readingRecords(() =>
        [...openSamples(root, name).getRange()]
          .map(({ value }) => JSON.parse(value) as CachedSample)
          .filter(({ key }) => values.doesExist(key)),
      );
    },
    sampleSets: () => samplesNames(root).map(sampleSet),
    digest: (onPhoto) => digestOf(databases, onPhoto),
    async verify(onPhoto) {
      let seen = 0;
      const entries = readingRecords(() => [...photoEntries(databases)]);
      for (const { sha256, key, crc } of entries) {
        const found = values.getBinaryFast(key);
        const whole =
          found !== undefined &&
          (decode !== undefined || found.length === bytes) &&
          crc32(found.subarray(0, found.length)) === crc;
        if (!whole) {
          throw corrupt('Expected the value to have its checksum', { key: `${path} ${sha256}` });
        }
        seen += 1;
        onPhoto?.(seen);
        if (seen % PHOTOS_A_TURN === 0) await new Promise(setImmediate);
      }
      const { length } = this;
      if (seen !== length) throw corrupt(`Expected ${seen} values but found ${length}`);
      const seal = metadata.get(SEAL);
      if (seal === undefined || seal === sealOf(databases)) return { sealed: seal !== undefined };
      throw corrupt('Expected the names of photos and the samples as they were written');
    },
    async close() {
      await reader.close();
      await databases.close();
    },
  };
}

/** A cache's databases, for readers. @throws {PipelineError} as `openCache`. */
export function openReadOnly(path: string, wanted?: CacheIdentity) {
  if (!existsSync(dataFile(path))) {
    throw new PipelineError('NOT_FOUND', `Expected a tensor cache at ${path} but there is none`, {
      hint: '`pipeline cache` builds one.',
    });
  }
  let databases: CacheDatabases | undefined;
  try {
    databases = openDatabases(path, { readOnly: true });
    const identity = readIdentity(databases);
    if (identity === undefined) {
      throw new PipelineError(
        'NOT_FOUND',
        'Expected photos in the cache but its build was stopped before the first',
        {
          key: path,
          hint: 'Run the same command again: it goes on from there.',
        },
      );
    }
    if (wanted !== undefined) assertIdentity(path, identity, wanted);
    return { databases, identity };
  } catch (error) {
    // LMDB shares one environment a path within a process: left open, it would be in the next opener's way.
    void databases?.close();
    throw cacheError(path, error);
  }
}
