import { PipelineError } from '../errors.js';
import { type Fingerprint, pixelPool, type Trait } from '../kernels/pixel-pool.js';
import type { StageContext } from '../stage.js';
import { confirmed, cutOutQuestions, fingerprints, questions } from './compare.js';
import type { Image } from './images.js';
import { equalLinks, type Link, nearPhotos } from './links.js';

/** Grounds that reading the photos can find. */
export type SameGround = 'bytes' | 'pixels' | 'near';
export type FamilyGround = 'near' | 'variant' | 'crop';

/** What reading the photos found: those that can be decoded, and how they are linked by index. */
export interface Found {
  images: Image[];
  sha256: string[];
  same: Link[];
  family: Link[];
}

/**
 * Reads and compares all photos, in threads. Those that cannot be decoded are quarantined.
 * @param grounds on which two are one picture, and of one family.
 */
export async function lookAtPhotos(
  images: readonly Image[],
  { same, family }: { same: readonly SameGround[]; family: readonly FamilyGround[] },
  context: StageContext,
): Promise<Found> {
  const pool = pixelPool({ workers: context.workers });
  try {
    const good: Image[] = [];
    const sha256: string[] = [];
    const pixels: string[] = [];
    const [variants, crops] = [family.includes('variant'), family.includes('crop')];
    const traits: Trait[] = [
      ...(variants ? ['contours' as const] : []),
      ...(crops ? ['landmarks' as const] : []),
    ];
    const near = nearPhotos({ variants, crops });
    const files = images.map(({ file }) => file);
    let at = 0;
    for await (const result of fingerprints(files, { pool, context, stage: 'deduplicate', traits })) {
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
      ...(same.includes('bytes') ? equalLinks(sha256.entries(), 'bytes') : []),
      ...(same.some((ground) => ground !== 'bytes') ? equalLinks(pixels.entries(), 'pixels') : []),
    ];
    const asked = [
      ...(same.includes('near') ? questions(near.maybeSame, 'picture') : []),
      ...questions(near.maybeVariants, 'shape'),
      ...cutOutQuestions(near.maybeCrops),
    ];
    const alike = await confirmed(
      asked,
      good.map(({ file }) => file),
      { pool, context },
    );
    const nearer = family.includes('near') ? [...equalLinks(pixels.entries(), 'near'), ...near.family] : [];
    const isSame = ({ ground }: Link) => ground === 'near';
    return {
      images: good,
      sha256,
      same: [...twins, ...alike.filter(isSame)],
      // Equal pixels are near, whether or not they are merged.
      family: [...nearer, ...alike.filter((link) => !isSame(link))],
    };
  } finally {
    await pool.close();
  }
}

/** Of an image whose original's size nobody knows, the file's counts. */
function sized(image: Image, { width, height }: Fingerprint): Image {
  return image.width > 0 && image.height > 0 ? image : { ...image, width, height };
}
