import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachAtOnce } from '../../concurrency.js';
import { downloadMeter } from '../../download/meter.js';
import { LISTINGS_ARCHIVE, type PhotosOfDump } from '../../sources/abo-layout.js';
import { ARCHIVES_PATH, TABLE_PATH } from '../../sources/abo-published.js';
import { wrongGzip, wrongListings, wrongPhotos } from './checks.js';
import { type Fetching, fetchPublished, type PublishedFile } from './published-file.js';

export interface FetchedFile {
  /** Absolute. */
  path: string;
  bytes: number;
  /** False where it was there. */
  downloaded: boolean;
}

/** Fetches ABO's archives whole, and the image table beside them. */
export async function fetchArchives(photos: PhotosOfDump, fetching: Fetching): Promise<FetchedFile[]> {
  const { folder, events, parallel, signal } = fetching;
  const meter = downloadMeter(events);
  const archive = (name: string, wrong: typeof wrongPhotos, signal: AbortSignal): PublishedFile => ({
    path: `${ARCHIVES_PATH}/${name}`,
    to: name,
    onBytes: meter(name),
    check: (path, fresh) => wrong(path, fresh, { events, signal }),
  });
  const fetched: FetchedFile[] = [];
  const fetchOne = async (file: PublishedFile, signal: AbortSignal) => {
    const downloaded = await fetchPublished(file, { ...fetching, signal });
    const path = join(folder, file.to);
    fetched.push({ path, bytes: (await stat(path)).size, downloaded });
  };
  const archives = [[photos.archive, wrongPhotos] as const, [LISTINGS_ARCHIVE, wrongListings] as const];
  await forEachAtOnce(archives, ([name, wrong], signal) => fetchOne(archive(name, wrong, signal), signal), {
    concurrency: parallel,
    signal,
  });
  // Last: without a table, what there is so far is taken for no dump.
  const check = (path: string) => wrongGzip(path, signal);
  await fetchOne({ path: TABLE_PATH, to: TABLE_PATH, onBytes: meter(TABLE_PATH), check }, signal);
  return fetched.sort((a, b) => (a.path < b.path ? -1 : 1));
}
