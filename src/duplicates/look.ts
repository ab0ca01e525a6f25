import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import { type Fingerprint, type PixelPool, pixelPool } from '../kernels/pixel-pool.js';
import type { StageContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import type { Image } from './images.js';
import { equalLinks, type Link, nearPhotos } from './links.js';

const PHOTOS_A_JOB = 32;
const PAIRS_A_JOB = 16;

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
    const equal = new Set<string>();
    for await (const [image, fingerprint] of fingerprints(images, pool, context)) {
      const member = good.push(sized(image, fingerprint)) - 1;
      sha256.push(fingerprint.sha256);
      pixels.push(fingerprint.picture);
      // What is equal to the last pixel is linked by that alone: a logo in a thousand files is looked up once.
      if (!equal.has(fingerprint.picture)) near.add(member, fingerprint);
      equal.add(fingerprint.picture);
    }
    const twins = [
      ...(grounds.includes('bytes') ? equalLinks(sha256.entries(), 'bytes') : []),
      ...(grounds.some((ground) => ground !== 'bytes') ? equalLinks(pixels.entries(), 'pixels') : []),
    ];
    const alike = grounds.includes('near') ? await confirm(near.maybeSame, good, pool, context) : [];
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

async function* fingerprints(
  images: readonly Image[],
  pool: PixelPool,
  { account, signal, workers, events }: StageContext,
): AsyncGenerator<[Image, Fingerprint]> {
  const jobs = mapOrdered(
    chunks(iterate(images), PHOTOS_A_JOB),
    async (some) => ({
      some,
      results: await pool.fingerprint(
        some.map(({ file }) => file),
        'turbo',
      ),
    }),
    { concurrency: 2 * workers, signal },
  );
  let done = 0;
  for await (const { some, results } of jobs) {
    for (const [index, image] of some.entries()) {
      const result = results[index]!;
      if ('value' in result) yield [image, result.value];
      else {
        const { code, reason, message } = result.fault;
        account.quarantined(image.imageId, reason, new PipelineError(code, message));
      }
    }
    done += some.length;
    events.emit({ type: 'progress', stage: 'deduplicate', done, total: images.length, unit: 'photos' });
  }
}

/** Those of the links whose photos are one picture when they are looked at closely. */
async function confirm(
  links: readonly Link[],
  images: readonly Image[],
  pool: PixelPool,
  { signal, workers }: StageContext,
): Promise<Link[]> {
  const confirmed: Link[] = [];
  const jobs = mapOrdered(
    chunks(iterate(links), PAIRS_A_JOB),
    async (some) => {
      const pairs = some.map(({ a, b }) => [images[a]!.file, images[b]!.file] as const);
      return { some, same: await pool.compare(pairs, 'turbo') };
    },
    { concurrency: 2 * workers, signal },
  );
  for await (const { some, same } of jobs) confirmed.push(...some.filter((_, index) => same[index]));
  return confirmed;
}
