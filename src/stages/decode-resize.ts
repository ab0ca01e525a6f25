import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import { type PixelTarget, pixelPool } from '../kernels/pixel-pool.js';
import type { Stage } from '../stage.js';
import { chunks } from '../streams.js';

/** A photo to be decoded; its sha256 may be empty where nothing has read it yet. */
export interface PhotoFile {
  imageId: string;
  file: string;
  sha256: string;
  /** Indices of the targets that it is wanted at, at least one; absent: all. */
  targets?: readonly number[];
}

export interface DecodedPhoto {
  imageId: string;
  sha256: string;
  /**
   * For each target in its order height × width × 3 RGB bytes, or these as a JPEG, in memory of their own; undefined
   * where the photo was not wanted.
   */
  pixels: readonly (Uint8Array | undefined)[];
  /** Gives the pixels' memory to the next photos; for who holds them alone, and no longer looks at them. */
  release(): void;
}

/** Photos a job: enough that handing over costs little, few enough that threads end together. */
const PHOTOS_A_JOB = 16;
/** Of photos with many targets fewer go into a job: so many bytes of pixels, where one has not more. */
const BYTES_A_JOB = 64 * 2 ** 20;

/**
 * Files → pixels of one size or several from one decode, and stored views of them, by `context.workers` threads, in the order of the source
 * whatever their number. A photo that cannot be decoded, or whose bytes are not those that curation saw, is quarantined.
 */
export function decodeResize(targets: readonly PixelTarget[]): Stage<PhotoFile, DecodedPhoto> {
  const sizes = targets.map(({ height, width }) => height * width * 3);
  const all = [...targets.keys()];
  const wantedOf = ({ targets: wanted = all }: PhotoFile) => wanted;
  const bytesOf = (photo: PhotoFile) => wantedOf(photo).reduce((sum, index) => sum + sizes[index]!, 0);
  const largest = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const photosAJob = Math.max(1, Math.min(PHOTOS_A_JOB, Math.floor(BYTES_A_JOB / largest)));
  return {
    name: 'decode/resize',
    async *run(source, { account, workers, signal, budget }) {
      const pool = pixelPool({ workers });
      try {
        const jobs = mapOrdered(
          chunks(source, photosAJob),
          async (photos) => ({
            photos,
            results: await pool.resize(
              photos.map(({ file }) => file),
              targets,
              photos.map(wantedOf),
            ),
          }),
          {
            concurrency: 2 * workers,
            signal,
            budget,
            bytes: (photos) => photos.reduce((sum, photo) => sum + bytesOf(photo), 0),
          },
        );
        for await (const { photos, results } of jobs) {
          for (const [index, { imageId, sha256 }] of photos.entries()) {
            const result = results[index]!;
            if ('fault' in result) {
              const { code, reason, message } = result.fault;
              account.quarantined(imageId, reason, new PipelineError(code, message));
            } else if (sha256 !== '' && sha256 !== result.value.sha256) {
              account.quarantined(imageId, 'photo-changed', 'Expected the bytes that curation saw');
            } else {
              const { sha256, pixels } = result.value;
              yield { imageId, sha256, pixels, release: () => pool.giveBack(pixels) };
            }
          }
        }
      } finally {
        await pool.close();
      }
    },
  };
}
