import { PipelineError } from '../errors.js';
import { type Fingerprint, pixelPool } from '../kernels/pixel-pool.js';
import type { StageContext } from '../stage.js';
import { confirmed, fingerprints } from './compare.js';
import type { Image } from './images.js';
import { equalLinks, type Link, nearPhotos } from './links.js';

/** What reading the photos found: those that can be decoded, and how they are linked by index. */
export interface Found {
  images: Image[];
  sha256: string[];
  same: Link[];
  family: Link[];
}

/**
 * Reads and compares all photos, in threads. Those that cannot be decoded are quarantined.
 * @param grounds on which two are one picture.
 */
export async function lookAtPhotos(
  images: readonly Image[],
  grounds: readonly ('bytes' | 'pixels' | 'near')[],
  context: StageContext,
): Promise<Found> {
  const pool = pixelPool({ workers: context.workers });
  try {
    const good: Image[] = [];
    const sha256: string[] = [];
    const pixels: string[] = [];
    const near = nearPhotos();
    const files = images.map(({ file }) => file);
    let at = 0;
    for await (const result of fingerprints(files, { pool, context, stage: 'deduplicate' })) {
      const image = images[at++]!;
      if ('fault' in result) {
        const { code, reason, message } = result.fault;
        context.account.quarantined(image.imageId, reason, new PipelineError(code, message));
        continue;
      }
      const fingerprint = result.value;
      const member = good.push(sized(image, fingerprint)) - 1;
      sha256.push(fingerprint.sha256);
      pixels.push(fingerprint.picture);
      near.add(member, fingerprint);
    }
    const twins = [
      ...(grounds.includes('bytes') ? equalLinks(sha256.entries(), 'bytes') : []),
      ...(grounds.some((ground) => ground !== 'bytes') ? equalLinks(pixels.entries(), 'pixels') : []),
    ];
    const goodFiles = good.map(({ file }) => file);
    const alike = grounds.includes('near')
      ? await confirmed(near.maybeSame, goodFiles, { pool, context })
      : [];
    // Equal pixels are near, whether or not they are merged.
    const family = [...equalLinks(pixels.entries(), 'near'), ...near.family];
    return { images: good, sha256, same: [...twins, ...alike], family };
  } finally {
    await pool.close();
  }
}

/** Of an image whose original's size nobody knows, the file's counts. */
function sized(image: Image, { width, height }: Fingerprint): Image {
  return image.width > 0 && image.height > 0 ? image : { ...image, width, height };
}
