import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { downloadMeter } from '../../download/meter.js';
import { SHARD_PATHS } from '../../sources/abo-published.js';
import { readShard, SHARD } from '../../sources/shard.js';
import { parseRow } from '../../stages/parse.js';
import { wrongGzip } from './checks.js';
import { KEPT } from './folder.js';
import { gzipOfLines, keepOrWrite } from './keep-or-write.js';
import { type Fetching, fetchPublished } from './published-file.js';

/** The first listings of the dump, and where they are. */
export interface FirstListings {
  listings: number;
  /** The ids of all images that they show. */
  imageIds: ReadonlySet<string>;
  /** The shards that they are in, by the publisher's path, with how many of each. */
  shards: readonly { path: string; listings: number }[];
  /** Whether a shard was downloaded. */
  downloaded: boolean;
}

/** Fetches as many shards as hold so many listings, into the folder of what is kept, and reads what these show. */
export async function fetchFirstListings(limit: number, fetching: Fetching): Promise<FirstListings> {
  const { folder, events, signal } = fetching;
  const meter = downloadMeter(events);
  const imageIds = new Set<string>();
  const shards: { path: string; listings: number }[] = [];
  let left = limit;
  let known = false;
  for (const path of SHARD_PATHS) {
    if (left === 0) break;
    const name = basename(path);
    const to = join(KEPT, name);
    const check = (file: string) => wrongGzip(file, signal);
    if (await fetchPublished({ path, to, check, onBytes: meter(name), known }, fetching)) known = true;
    let listings = 0;
    for await (const text of firstRows(join(folder, to), left, signal)) {
      listings += 1;
      for (const id of imagesOf(text)) imageIds.add(id);
    }
    shards.push({ path, listings });
    left -= listings;
  }
  return { listings: limit - left, imageIds, shards, downloaded: known };
}

/** Makes the dump's shards: of those that were fetched, the first listings. */
export async function writeFirstListings(
  { shards }: FirstListings,
  { folder, signal }: Fetching,
): Promise<void> {
  const metadata = join(folder, dirname(SHARD_PATHS[0]!));
  await mkdir(metadata, { recursive: true });
  for (const { path, listings } of shards) {
    const rows = firstRows(join(folder, KEPT, basename(path)), listings, signal);
    await keepOrWrite(join(folder, path), await gzipOfLines(rows));
  }
  // A larger part that was there before may have had more of them.
  const written = new Set(shards.map(({ path }) => basename(path)));
  for (const name of await readdir(metadata)) {
    if (SHARD.test(name) && !written.has(name)) await rm(join(metadata, name));
  }
}

/** The first rows of a shard as they are written; what is no text is passed over. */
async function* firstRows(place: string, most: number, signal: AbortSignal): AsyncGenerator<string> {
  let given = 0;
  if (most === 0) return;
  for await (const row of readShard({ name: basename(place), place }, signal)) {
    if (row.fault !== undefined || !('text' in row)) continue;
    yield row.text;
    given += 1;
    if (given === most) return;
  }
}

/** The images that a row shows; of a row that `parse` will quarantine, none. */
function imagesOf(text: string): string[] {
  try {
    const { mainImageId, otherImageIds } = parseRow({ text }).listing;
    return mainImageId === undefined ? [...otherImageIds] : [mainImageId, ...otherImageIds];
  } catch {
    return [];
  }
}
