import type { ErrorCode } from '../errors.js';
import { threadPool } from '../thread-pool.js';
import type { Decoder } from './decode.js';
import type { Fit } from './fit.js';
import type { Storage } from './jpeg-storage.js';
import type { Filter } from './resize.js';

/** What photos become in a pixel cache. */
export interface PixelTarget {
  height: number;
  width: number;
  fit: Fit;
  /** How pixels are resampled; default `bilinear`. */
  filter?: Filter;
  decoder: Decoder;
  /** How the photo is handed out; default `raw`. */
  storage?: Storage;
}

/** A decoded photo at its targets' sizes. */
export interface ResizedPhoto {
  /** Of the file's bytes, hex. */
  sha256: string;
  /** The decoded photo's own size. */
  width: number;
  height: number;
  /** For each target in its order height × width × 3 RGB bytes, or these as a JPEG, in memory of their own. */
  pixels: readonly Uint8Array[];
}

/** What two photos are compared by. */
export interface Fingerprint {
  /** Of the file's bytes, hex. */
  sha256: string;
  width: number;
  height: number;
  /** sha256 over the decoded RGB pixels and the size, hex. */
  picture: string;
  /** 64-bit perceptual hash, 16 hex digits. */
  hash: string;
  /** 32 × 32 × 3 mean colours of the photo stretched to a square, RGB bytes. */
  grid: Uint8Array;
}

/** Why a file gave no pixels; `reason` is what the ledger says. */
export interface ImageFault {
  code: ErrorCode;
  reason: string;
  message: string;
}

export type PixelResult<T> = { value: T } | { fault: ImageFault };

/** What a pixel thread is asked. */
export type PixelJob =
  | { kind: 'resize'; files: readonly string[]; targets: readonly PixelTarget[] }
  | { kind: 'fingerprint'; files: readonly string[]; decoder: Decoder }
  | { kind: 'compare'; pairs: readonly FilePair[]; decoder: Decoder };

export type FilePair = readonly [a: string, b: string];

/** Threads that decode; a job's results stand in the order of its files. */
export interface PixelPool {
  /** Each photo at every target's size; it is read once, and decoded once a decoder. */
  resize(files: readonly string[], targets: readonly PixelTarget[]): Promise<PixelResult<ResizedPhoto>[]>;
  fingerprint(files: readonly string[], decoder: Decoder): Promise<PixelResult<Fingerprint>[]>;
  /** Whether the two photos of each pair are one picture, looked at closely and in colour. */
  compare(pairs: readonly FilePair[], decoder: Decoder): Promise<boolean[]>;
  close(): Promise<void>;
}

/**
 * Starts the threads; each has kernels and memory of its own.
 * @throws {PipelineError} from its methods: `WORKER_CRASHED` naming the photos at hand when a thread dies twice over a job.
 */
export function pixelPool({ workers }: { workers: number }): PixelPool {
  const pool = threadPool<PixelJob, never>({
    module: new URL('./pixel-worker.js', import.meta.url),
    workers,
    work: 'decode photos',
    describe: (job) => (job.kind === 'compare' ? job.pairs.flat() : job.files).join(', '),
  });
  return {
    resize: (files, targets) => pool.run({ kind: 'resize', files, targets }),
    fingerprint: (files, decoder) => pool.run({ kind: 'fingerprint', files, decoder }),
    compare: (pairs, decoder) => pool.run({ kind: 'compare', pairs, decoder }),
    close: pool.close,
  };
}
