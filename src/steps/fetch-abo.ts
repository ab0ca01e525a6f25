import { join } from 'node:path';
import { attributionText } from '../attribution.js';
import { ATTRIBUTION_FILE } from '../exported.js';
import { acquireLock } from '../lock.js';
import { PHOTOS, type PhotosOfDump } from '../sources/abo-layout.js';
import { type FetchedFile, fetchArchives } from './fetch-abo/archives.js';
import { expectRoomFor } from './fetch-abo/folder.js';
import { keepOrWrite } from './fetch-abo/keep-or-write.js';
import { fetchFirstListings, writeFirstListings } from './fetch-abo/listings.js';
import { type FetchedPhotos, fetchPhotos } from './fetch-abo/photos.js';
import type { Fetching } from './fetch-abo/published-file.js';
import { fetchTableRows, writeTable } from './fetch-abo/table.js';

export interface FetchAboOptions extends Fetching {
  /** The first so many listings with just their photos, each file alone; absent: ABO's archives, whole. */
  limit?: number | undefined;
  /** The photos at full size (110 GB, all of them) instead of those with at most 256 pixels a side. */
  originals?: boolean | undefined;
  /** Asks again for photos that an earlier call had to leave out; of a part alone. */
  retry?: boolean | undefined;
}

export interface FetchedAbo {
  folder: string;
  /** The photos' folder in the dump. */
  photos: PhotosOfDump['folder'];
  /** Of the whole dump. */
  archives?: FetchedFile[];
  /** Of a part of it. */
  part?: FetchedPhotos & {
    listings: number;
    /** Images that the listings show. */
    images: number;
    /** Those of them that are not in ABO's image table. */
    unknown: number;
  };
}

/**
 * Fetches Amazon Berkeley Objects into a folder that is then a dump. What is there is checked and not fetched again, and what
 * was interrupted is gone on from. A folder is a dump only once all of it is there.
 * @throws {PipelineError} as `download`; `USAGE` where the folder has a dump of another kind; `DOWNLOAD_FAILED` where many
 * photos are missing; `RUN_LOCKED` where another process fetches into the folder.
 */
export async function fetchAbo({
  limit,
  originals = false,
  retry = false,
  ...fetching
}: FetchAboOptions): Promise<FetchedAbo> {
  const { folder } = fetching;
  const photos = PHOTOS[originals ? 1 : 0];
  expectRoomFor(limit === undefined ? 'archives' : 'part', photos, folder);
  const lock = acquireLock(join(folder, 'fetch.lock'), `the dump (${folder})`);
  try {
    const fetched =
      limit === undefined
        ? { archives: await fetchArchives(photos, fetching) }
        : { part: await fetchPart(limit, photos, { ...fetching, retry }) };
    await keepOrWrite(join(folder, ATTRIBUTION_FILE), Buffer.from(`${attributionText()}\n`));
    return { folder, photos: photos.folder, ...fetched };
  } finally {
    lock.release();
  }
}

async function fetchPart(
  limit: number,
  photos: PhotosOfDump,
  { retry, ...fetching }: Fetching & { retry: boolean },
): Promise<NonNullable<FetchedAbo['part']>> {
  const first = await fetchFirstListings(limit, fetching);
  const rows = await fetchTableRows(first.imageIds, fetching, first.downloaded);
  const paths = [...new Set(rows.map(({ path }) => path))];
  const text = `${first.listings} listings with ${first.imageIds.size} images`;
  fetching.events.emit({ type: 'message', level: 'info', text });
  const fetched = await fetchPhotos(paths, { within: photos.folder, retry, fetching });
  // Only now: a run over listings whose photos are still on their way would take them for missing.
  await writeTable(rows, fetching);
  await writeFirstListings(first, fetching);
  const known = new Set(rows.map(({ imageId }) => imageId)).size;
  const images = first.imageIds.size;
  return { listings: first.listings, images, unknown: images - known, ...fetched };
}
