import type { StoredView } from '../augment/stored.js';
import type { ErrorCode } from '../errors.js';
import { threadPool } from '../thread-pool.js';
import type { Decoder } from './decode.js';
import type { Fit } from './fit.js';
import type { Storage } from './jpeg-storage.js';
import type { Landmark } from './landmarks.js';
import type { Filter, Size } from './resize.js';

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
  /** The augmented view that is made of the photo once it has its size; absent: the photo itself. */
  view?: StoredView;
}

/** A decoded photo at its targets' sizes. */
export interface ResizedPhoto {
  /** Of the file's bytes, hex. */
  sha256: string;
  /** The decoded photo's own size. */
  width: number;
  height: number;
  /**
   * For each target in its order height × width × 3 RGB bytes, or these as a JPEG, in memory of their own; undefined
   * where the photo was not wanted.
   */
  pixels: readonly (Uint8Array | undefined)[];
}

/** What two photos are compared by. */
export interface Fingerprint {
  /** Of the file's bytes, hex. */
  sha256: string;
  width: number;
  height: number;
  /** The decoded pixels' size and 512-bit checksum: equal for equal pixels, and as good as never for others. */
  picture: string;
  /** 64-bit perceptual hash, 16 hex digits. */
  hash: string;
  /** 32 × 32 × 3 mean colours of the photo stretched to a square, RGB bytes. */
  grid: Uint8Array;
  /** Where wanted: 64-bit hash of where its contours run, 16 hex digits. */
  contours?: string;
  /** Where wanted: places in the photo at the size that they are looked for in. */
  landmarks?: Size & { marks: Landmark[] };
}

/** What a fingerprint has besides. */
export type Trait = 'contours' | 'landmarks';

/** A part of a photo in shares of its sides; it may reach over the border. */
export interface Part extends Size {
  left: number;
  top: number;
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
  | ResizeJob
  | { kind: 'fingerprint'; files: readonly string[]; decoder: Decoder; traits: readonly Trait[] }
  | { kind: 'compare'; pairs: readonly FilePair[]; decoder: Decoder };

/** A photo's place, or its file's bytes. */
export type PhotoSource = string | Uint8Array;

export interface ResizeJob {
  kind: 'resize';
  files: readonly PhotoSource[];
  targets: readonly PixelTarget[];
  /** For each file the indices of the targets that it is wanted at, at least one; absent: all, for all files. */
  wanted?: readonly (readonly number[])[];
  /** For each target memory of the pixels' length that may be written over; where there is too little, more is made. */
  memory?: ArrayBuffer[][];
}

/** Two photos and what is asked of them. */
export type FilePair = {
  a: string;
  b: string;
} & (
  | {
      /** Whether they are one picture, in colour; or show one shape in whatever colours. */
      as: 'picture' | 'shape';
    }
  | {
      /** Whether the first is cut out of the second, and about where. */
      as: 'cut-out';
      part: Part;
    }
);

/** Threads that decode; a job's results stand in the order of its files. */
export interface PixelPool {
  /**
   * Each photo as every target, or as those that `wanted` names for it (see `ResizeJob`); it is read once, and decoded
   * once a decoder.
   */
  resize(
    files: readonly PhotoSource[],
    targets: readonly PixelTarget[],
    wanted?: ResizeJob['wanted'],
  ): Promise<PixelResult<ResizedPhoto>[]>;
  fingerprint(
    files: readonly string[],
    decoder: Decoder,
    traits?: readonly Trait[],
  ): Promise<PixelResult<Fingerprint>[]>;
  /** Whether the two photos of each pair are what is asked, looked at closely. */
  compare(pairs: readonly FilePair[], decoder: Decoder): Promise<boolean[]>;
  /**
   * Gives a photo's pixels back, whose memory then is that of another photo: to be called, if at all, by who alone holds
   * them. New memory costs as much as reading a photo and hashing it.
   */
  giveBack(pixels: ResizedPhoto['pixels']): void;
  close(): Promise<void>;
}

/**
 * Starts the threads; each has kernels and memory of its own.
 * @throws {PipelineError} from its methods: `WORKER_CRASHED` naming the photos at hand when a thread dies twice over a job.
 */
export function pixelPool({ workers }: { workers: number }): PixelPool {
  const spare = spareMemory();
  const pool = threadPool<PixelJob, never>({
    module: new URL('./pixel-worker.js', import.meta.url),
    workers,
    work: 'decode photos',
    describe: (job) =>
      (job.kind === 'compare' ? job.pairs.flatMap(({ a, b }) => [a, b]) : job.files.map(nameOf)).join(', '),
    message(job) {
      if (job.kind !== 'resize') return { message: job, transfer: [] };
      const { files, targets, wanted } = job;
      const memory = targets.map(({ height, width, storage }, index) => {
        if (storage === 'jpeg') return [];
        const most = wanted?.filter((indices) => indices.includes(index)).length ?? files.length;
        return spare.take(height * width * 3, most);
      });
      return { message: { ...job, files: files.map(alone), memory }, transfer: memory.flat() };
    },
  });
  return {
    resize: (files, targets, wanted) =>
      pool.run({ kind: 'resize', files, targets, ...(wanted && { wanted }) }),
    fingerprint: (files, decoder, traits = []) => pool.run({ kind: 'fingerprint', files, decoder, traits }),
    compare: (pairs, decoder) => pool.run({ kind: 'compare', pairs, decoder }),
    giveBack(pixels) {
      for (const one of pixels) if (one !== undefined) spare.put(one);
    },
    async close() {
      spare.clear();
      await pool.close();
    },
  };
}

/** Bytes that are a part of others take these along to a thread. */
function alone(photo: PhotoSource): PhotoSource {
  if (typeof photo === 'string' || photo.byteLength === photo.buffer.byteLength) return photo;
  return new Uint8Array(photo);
}

function nameOf(photo: PhotoSource): string {
  return typeof photo === 'string' ? photo : `a photo of ${photo.byteLength} bytes`;
}

/**
 * What is kept of memory that was given back: a writer that lags gives back all at once what it held, and nothing asks
 * for so much again.
 */
const MOST_SPARE_BYTES = 32 * 2 ** 20;

/** Memory that lies ready to be used again, by its length in bytes. */
function spareMemory(): {
  /** Keeps an array's memory, if its length has been asked for: a JPEG's fits nothing else. */
  put(array: Uint8Array): void;
  /** At most so many pieces of a length. */
  take(bytes: number, most: number): ArrayBuffer[];
  clear(): void;
} {
  const pieces = new Map<number, ArrayBuffer[]>();
  let kept = 0;
  return {
    put({ buffer }) {
      if (kept + buffer.byteLength > MOST_SPARE_BYTES) return;
      const alike = pieces.get(buffer.byteLength);
      if (alike === undefined) return;
      alike.push(buffer as ArrayBuffer);
      kept += buffer.byteLength;
    },
    take(bytes, most) {
      const alike = pieces.get(bytes);
      if (alike === undefined) pieces.set(bytes, []);
      // splice(-0) would take all.
      const taken = (most > 0 && alike?.splice(-most)) || [];
      kept -= taken.length * bytes;
      return taken;
    },
    clear() {
      pieces.clear();
    },
  };
}
