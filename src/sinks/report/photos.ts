import pLimit from 'p-limit';
import sharp from 'sharp';
import { throwIfAborted } from '../../errors.js';
import { readPhotoFile } from '../../photo-file.js';
import { type Html, html } from './html.js';

/** Longest side in pixels: sharp on a phone's screen at the size of the page's tiles, and about 3 kB. */
const EDGE = 128;
const QUALITY = 70;
const CONCURRENCY = 4;
/** A picture with more pixels than this is not worth the memory that a thumbnail of it would take. */
const MOST_PIXELS = 64_000_000;

/** A photo's `data:` address by its file; files that could not be read are absent. */
export type Thumbnails = ReadonlyMap<string, string>;

/** Reads photos and makes small JPEGs of them. A photo that cannot be read is left out, never an error. */
export async function thumbnails(files: Iterable<string>, signal?: AbortSignal): Promise<Thumbnails> {
  const limit = pLimit(CONCURRENCY);
  const made = new Map<string, string>();
  const one = async (file: string) => {
    if (signal !== undefined) throwIfAborted(signal);
    const uri = await thumbnail(file);
    if (uri !== undefined) made.set(file, uri);
  };
  await Promise.all([...new Set(files)].map((file) => limit(one, file)));
  return made;
}

async function thumbnail(file: string): Promise<string | undefined> {
  try {
    const jpeg = await sharp(readPhotoFile(file), { limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .resize(EDGE, EDGE, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#fff' })
      .jpeg({ quality: QUALITY })
      .toBuffer();
    return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
  } catch {
    return undefined;
  }
}

/** A photo as a tile, or a grey tile that says that it could not be read. */
export function tile(made: Thumbnails, file: string, alt: string): Html {
  const uri = made.get(file);
  return uri === undefined
    ? html`<span class="tile unreadable" role="img" aria-label="${alt}; it could not be read">not readable</span>`
    : html`<img class="tile" src="${uri}" alt="${alt}" width="${EDGE}" height="${EDGE}" decoding="async">`;
}
