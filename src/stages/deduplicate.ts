import type { LanguagePreference } from '../attributes.js';
import { mapOrdered } from '../concurrency.js';
import { componentsOf, itemLinks, nameLinks } from '../duplicates/components.js';
import { type Image, imageCollection } from '../duplicates/images.js';
import { equalLinks, joinLinks, type Link, linkedSets, nearPhotos } from '../duplicates/links.js';
import { type Picture, photoOf, representativeOf } from '../duplicates/picture.js';
import { PipelineError } from '../errors.js';
import { type Fingerprint, type PixelPool, pixelPool } from '../kernels/pixel-pool.js';
import type { JoinedView, Photo } from '../records.js';
import type { Stage, StageContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import { setsOf } from '../union-find.js';

export interface DeduplicateOptions {
  /** Only `decode` reads the photos; otherwise an image id is a photo and nothing is compared. */
  photos: 'decode' | 'stat' | 'none';
  /** Which of several values of one attribute wins. */
  conflicts: 'majority' | 'first';
  /** Which of a listing's texts is its value, by language; default: US English, then any English, then any. */
  language?: LanguagePreference | undefined;
  /** Grounds on which photos are one picture, and merged. */
  same: readonly ('bytes' | 'pixels' | 'near')[];
  /** Grounds on which photos are of one family, and share a component. */
  family: readonly ('item' | 'near' | 'name')[];
  /** Told each set of merged and of linked photos. */
  groups?: (group: DuplicateGroup) => void;
}

/** Photos that were found to belong together, with what says so. */
export interface DuplicateGroup {
  /** `same`: merged into the representative; `family`: linked, on one side of any split. */
  relation: 'same' | 'family';
  representative: string;
  images: string[];
  pairs: { a: string; b: string; ground: Link['ground']; distance?: number }[];
}

const PHOTOS_A_JOB = 8;
const PAIRS_A_JOB = 16;

/**
 * Views → photos: one record a picture. Views of one image id are one photo; photos that are the same picture are
 * merged; photos of one family get one component. Photos that cannot be decoded are quarantined. Needs the whole view
 * of the data: it holds the views' values and, with `photos: decode`, about 1 KB a photo.
 */
export function deduplicate(options: DeduplicateOptions): Stage<JoinedView, Photo> {
  const { photos, conflicts, language, same, family, groups = () => {} } = options;
  return {
    name: 'deduplicate',
    async *run(source, context) {
      const { account } = context;
      const collection = imageCollection(language);
      for await (const view of source) {
        if (!collection.add(view)) continue;
        account.merged(`${view.itemId}/${view.imageId}`, 'same-image', view.imageId);
      }
      const found =
        photos === 'decode'
          ? await look(collection.images(), same, context)
          : { ...unread(collection.images()), same: [], family: [] };

      const pictures = picturesOf(found.images, found.sha256, found.same);
      const pictureOf = new Map(
        pictures.flatMap((picture, at) => picture.images.map((image) => [image, at])),
      );
      const near = found.family.map((link) => ({
        ...link,
        a: pictureOf.get(found.images[link.a]!)!,
        b: pictureOf.get(found.images[link.b]!)!,
      }));
      const links = [
        ...(family.includes('item') ? itemLinks(pictures) : []),
        ...(family.includes('near') ? near.filter(({ a, b }) => a !== b) : []),
        ...(family.includes('name') ? nameLinks(pictures) : []),
      ];
      report(
        'same',
        found.images.map(({ imageId }) => imageId),
        found.same,
        (members) => representativeOf(members.map((member) => found.images[member]!)).imageId,
        groups,
      );
      const names = pictures.map(({ representative }) => representative.imageId);
      const components = componentsOf(pictures, links);
      report('family', names, links, ([first]) => components[first!]!, groups);

      for (const [index, picture] of pictures.entries()) {
        for (const { imageId } of picture.images) {
          if (imageId === names[index]) continue;
          account.merged(imageId, 'same-picture', names[index]!);
        }
        const { photo, conflicts: overruled } = photoOf(picture, components[index]!, conflicts);
        for (const { detail } of overruled) account.conflict(photo.imageId, 'attribute-conflict', { detail });
        yield photo;
      }
    },
  };
}

/** What reading the photos found: those that can be decoded, and how they are linked by index. */
interface Found {
  images: Image[];
  sha256: string[];
  same: Link[];
  family: Link[];
}

function unread(images: Image[]): Pick<Found, 'images' | 'sha256'> {
  return { images, sha256: images.map(() => '') };
}

async function look(
  images: readonly Image[],
  grounds: DeduplicateOptions['same'],
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
      const member = good.push(image) - 1;
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

/** Sets of images that are one picture, in the order in which their first image arrived. */
function picturesOf(images: readonly Image[], sha256: readonly string[], links: readonly Link[]): Picture[] {
  return setsOf(images.length, joinLinks(images.length, links)).map((members) => {
    const some = members.map((member) => images[member]!);
    const representative = representativeOf(some);
    return { images: some, representative, sha256: sha256[members[some.indexOf(representative)]!]! };
  });
}

function report(
  relation: DuplicateGroup['relation'],
  names: readonly string[],
  links: readonly Link[],
  representative: (members: readonly number[]) => string,
  groups: (group: DuplicateGroup) => void,
): void {
  for (const set of linkedSets(names.length, links)) {
    groups({
      relation,
      representative: representative(set.members),
      images: set.members.map((member) => names[member]!),
      pairs: set.links.map(({ a, b, ...why }) => ({ a: names[a]!, b: names[b]!, ...why })),
    });
  }
}
