import pLimit from 'p-limit';
import { throwIfAborted } from '../../errors.js';
import type { EventBus } from '../../events.js';
import { telling } from '../../telling.js';
import { thumbnail } from '../thumbnail.js';
import { type Html, html } from './html.js';

/** Longest side in pixels: sharp on a phone's screen at the size of the page's tiles, and about 3 kB. */
const EDGE = 128;
const CONCURRENCY = 4;

/** A photo's `data:` address by its file; files that could not be read are absent. */
export type Thumbnails = ReadonlyMap<string, string>;

/** Reads photos and makes small JPEGs of them. A photo that cannot be read is left out, never an error. */
export async function thumbnails(
  files: Iterable<string>,
  { signal, events }: { signal?: AbortSignal; events?: EventBus } = {},
): Promise<Thumbnails> {
  const distinct = [...new Set(files)];
  const tell = telling(events, { stage: 'report', unit: 'photos', total: distinct.length });
  let done = 0;
  const limit = pLimit(CONCURRENCY);
  const made = new Map<string, string>();
  const one = async (file: string) => {
    if (signal !== undefined) throwIfAborted(signal);
    const jpeg = await thumbnail(file, EDGE);
    if (jpeg !== undefined) made.set(file, dataUri(jpeg));
    done += 1;
    tell(done);
  };
  await Promise.all(distinct.map((file) => limit(one, file)));
  return made;
}

/** A JPEG as an address that needs no file. */
export function dataUri(jpeg: Uint8Array): string {
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
}

/** A photo as a tile, or a grey tile that says that it could not be read. */
export function tile(made: Thumbnails, file: string, alt: string): Html {
  const uri = made.get(file);
  return uri === undefined
    ? html`<span class="tile unreadable" role="img" aria-label="${alt}; it could not be read">not readable</span>`
    : html`<img class="tile" src="${uri}" alt="${alt}" width="${EDGE}" height="${EDGE}" decoding="async">`;
}
