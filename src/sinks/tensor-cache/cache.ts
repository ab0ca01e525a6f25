import type { StoredView } from '../../augment/stored.js';
import type { Fit } from '../../kernels/fit.js';
import type { Storage } from '../../kernels/jpeg-storage.js';
import type { Filter } from '../../kernels/resize.js';

/** What a cache of decoded photos is: other values of any of these are another cache. */
export interface PixelIdentity {
  kind: 'pixels';
  schemaVersion: 1;
  height: number;
  width: number;
  channels: 3;
  dtype: 'uint8';
  fit: Fit;
  /** Absent: bilinear, as caches were before there was a choice. */
  filter?: Exclude<Filter, 'bilinear'>;
  decoder: 'turbo' | 'sharp';
  /** Absent: values are pixels as they are. */
  storage?: Exclude<Storage, 'raw'>;
  /** Absent: photos as they are. */
  view?: StoredView;
  /**
   * Versions of the decoder, of the resize kernel and the fit, of the stored JPEGs and of the augmenter: raised whenever
   * pixels change.
   */
  versions: { decoder: string; resize: string; storage?: string; augment?: string };
}

/** What a cache of a frozen base's features is. */
export interface VectorIdentity {
  kind: 'vectors';
  schemaVersion: 1;
  /** Numbers in a vector. */
  length: number;
  dtype: 'float32';
  network: string;
  /** sha256 of the base's weights, hex. */
  weights: string;
  /** The layer whose global average it is. */
  layer: string;
  preprocessing: string;
  /** 0: the photo as it is; else the number of the stored view. */
  view: number;
  /** Whether the mirror image's stand after the photo's, as many; absent: no. */
  mirrored?: true;
  /** Hash of the pixel cache's identity. */
  pixels: string;
}

export type CacheIdentity = PixelIdentity | VectorIdentity;

/** A sample as the cache keeps it: a photo's key with its label, side and component. */
export interface CachedSample {
  key: number;
  label: string;
  split: 'train' | 'validation' | 'test';
  component: string;
}

/** A sample as it is stored: its photo by the sha256 of its file (hex). */
export interface WrittenSample extends Omit<CachedSample, 'key'> {
  sha256: string;
}

/** A cache open for reading; any number of readers, beside a writer too. */
export interface TensorCache {
  readonly path: string;
  readonly identity: CacheIdentity;
  /** A random name of its file, which a compaction or a new build replaces; undefined in caches of before there were any. */
  readonly file: string | undefined;
  /** Live photos. */
  readonly length: number;
  /** Bytes of one value as it is read: height × width × 3, or length × 4. */
  readonly valueBytes: number;
  /** The live keys, ascending; with holes after removals, until the cache is compacted. */
  keys(): Uint32Array;
  /** Every photo: the sha256 of its file (hex) and its key, by key. */
  photos(): { sha256: string; key: number }[];
  /** The key of the photo whose file has this sha256 (hex), if it is cached. */
  keyOf(sha256: string): number | undefined;
  /**
   * Copies a value into `target` at `offset` (bytes, default 0), decoded where it is stored as a JPEG.
   * @throws {PipelineError} `NOT_FOUND`, `CACHE_CORRUPT` where a JPEG is none of the cache's.
   */
  read(key: number, target: Uint8Array, offset?: number): void;
  /**
   * Copies values one behind the other into `target`, which must have room for them.
   * @throws {PipelineError} `NOT_FOUND`, `CACHE_CORRUPT` where a value has not the cache's size.
   */
  readAll(keys: ArrayLike<number>, target: Uint8Array): void;
  /** Has values read from the disk into memory, one behind the other, by another thread; those that are not there are left out. */
  prefetch(keys: Uint32Array): void;
  /** A task's samples whose photos are live, by the hash they were stored under; undefined where there are none. */
  samples(task: string, hash: string): CachedSample[] | undefined;
  /** The tasks and hashes that samples are stored under. */
  sampleSets(): { task: string; hash: string }[];
  /** sha256 over (database, key, value) in key order, hex. */
  digest(onPhoto?: (done: number) => void): Promise<string>;
  /**
   * Recomputes every checksum.
   * @returns whether there was a seal to verify names and samples by: none while a writer is at work, and after one that
   * was killed.
   * @throws {PipelineError} `CACHE_CORRUPT` naming the first bad photo.
   */
  verify(onPhoto?: (done: number) => void): Promise<{ sealed: boolean }>;
  close(): Promise<void>;
}

/** A cache open for writing, by one process at a time. */
export interface CacheWriter {
  readonly path: string;
  /** Photos stored so far, earlier builds' included. */
  readonly length: number;
  has(sha256: string): boolean;
  /**
   * Bytes that the file will grow by, at most, for so many more photos; of JPEGs, more than most photos take.
   * @throws {PipelineError} `DISK_FULL` when the disk has less.
   */
  reserve(photos: number): number;
  /**
   * Stores a photo's value (pixels, a vector, or a JPEG where the cache stores these) under the next key; a photo that is
   * there already is left alone. The memory belongs to the cache until the promise resolves, which is when the value is
   * in a committed transaction.
   * @param sha256 of the photo's file, in lowercase hex.
   * @throws {RangeError} for a value that is none of the cache's; {PipelineError} `USAGE` for another name, and once it
   * is closed, as all below.
   */
  put(sha256: string, value: Uint8Array): Promise<void>;
  /**
   * Takes a photo out, with its value; resolves when that is committed, to whether it was there. Its key is left empty:
   * samples that name it are not given out any more, and no later photo gets it.
   */
  remove(sha256: string): Promise<boolean>;
  /**
   * Replaces a task's samples under a hash.
   * @throws {PipelineError} `NOT_FOUND` where a sample's photo was not put before it; `USAGE` for what is no sample. Then
   * nothing is replaced.
   */
  putSamples(task: string, hash: string, samples: readonly WrittenSample[]): Promise<void>;
  /** Takes a task's samples under a hash out; photos stay. */
  removeSamples(task: string, hash: string): Promise<void>;
  /** Waits for everything, syncs to the disk and frees the lock; once, however often it is called. */
  close(): Promise<void>;
}
