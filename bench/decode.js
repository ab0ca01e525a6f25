// Files → pixels: read, decode, stretch to 224 × 224 RGB.
import { availableParallelism } from 'node:os';
import sharp from 'sharp';
import { mapOrdered } from '#src/concurrency.js';
import { pixelPool } from '#src/kernels/pixel-pool.js';
import { chunks, iterate } from '#src/streams.js';
import { SIZE, TARGET } from './data.js';
import { measure } from './measure.js';

/** Fewer than the cache gets: the baseline is slow. */
const PHOTOS = 256;
const { signal } = new AbortController();

/** sharp's own way to the same: bilinear, stretched, RGB bytes. */
export function decodeBySharp(file) {
  return sharp(file)
    .resize(SIZE, SIZE, { fit: 'fill', kernel: 'linear' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
}

export default async function decode({ files: all }) {
  const files = all.slice(0, PHOTOS);
  // One libvips thread a photo: as many photos at once as the subject has threads.
  sharp.concurrency(1);
  sharp.cache(false);
  for (const workers of new Set([1, availableParallelism()])) {
    const pool = pixelPool({ workers });
    const count = async (results, done = () => undefined) => {
      let photos = 0;
      for await (const result of results) {
        photos += result.length;
        done(result);
      }
      return photos;
    };
    // As the cache does: what was stored is written over.
    const giveBack = (results) => {
      for (const { value } of results) pool.giveBack(value.pixels);
    };
    try {
      await measure(`Read + decode + resize to ${SIZE}, ${workers} at once`, {
        'abo-pipeline (and sha256)': () =>
          count(
            mapOrdered(chunks(iterate(files), 16), (some) => pool.resize(some, [TARGET]), {
              concurrency: 2 * workers,
              signal,
            }),
            giveBack,
          ),
        sharp: () =>
          count(
            mapOrdered(iterate(files), async (file) => [await decodeBySharp(file)], {
              concurrency: workers,
              signal,
            }),
          ),
      });
    } finally {
      await pool.close();
    }
  }
}
