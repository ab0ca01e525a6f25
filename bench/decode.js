// Files → pixels: read, decode, stretch to 224 × 224 RGB, beside sharp and Python's decoders. Under `taskset -c 0` all
// sides have one core.
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { mapOrdered } from '#src/concurrency.js';
import { pixelPool } from '#src/kernels/pixel-pool.js';
import { chunks, iterate } from '#src/streams.js';
import { SIZE, TARGET } from './data.js';
import { measure } from './measure.js';
import { asSides, PYTHON, startPeer, startSharedPeer } from './peer.js';

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

export default async function decode({ files: all, folder }) {
  const files = all.slice(0, PHOTOS);
  const list = join(folder, 'photos.txt');
  await writeFile(list, files.join('\n'));
  // One libvips thread a photo: as many photos at once as the subject has threads.
  sharp.concurrency(1);
  sharp.cache(false);
  for (const workers of new Set([1, availableParallelism()])) {
    const asked = { list, cores: workers };
    const peers = [
      await startPeer(PYTHON.cv2, 'decode.py', ['simplejpeg+cv2', list, String(SIZE), String(workers)]),
      await startSharedPeer('tensorflow', 'decode', 'tf.data', asked),
      await startSharedPeer('cv2', 'decode', 'pillow', asked),
    ];
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
        ...asSides(peers),
        sharp: () =>
          count(
            mapOrdered(iterate(files), async (file) => [await decodeBySharp(file)], {
              concurrency: workers,
              signal,
            }),
          ),
      });
    } finally {
      for (const peer of peers) await peer?.stop();
      await pool.close();
    }
  }
}
