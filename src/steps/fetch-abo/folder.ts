import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../errors.js';
import { LISTINGS, LISTINGS_ARCHIVE, PHOTOS, type PhotosOfDump } from '../../sources/abo-layout.js';

/** Where a part of the dump keeps what it was made of; says, too, that a folder is such a part. */
export const KEPT = '.fetched';

/**
 * A dump is read from its folders before its archives, and from its small photos before the originals. So a folder holds one
 * kind: the archives, or a part in folders; and photos of one size.
 * @throws {PipelineError} `USAGE` where what is there would hide what is to be fetched, or be overwritten by it.
 */
export function expectRoomFor(what: 'archives' | 'part', photos: PhotosOfDump, folder: string): void {
  const there = (paths: readonly string[]) => paths.find((path) => existsSync(join(folder, path)));
  const folders = [LISTINGS, ...PHOTOS.map((one) => one.folder)];
  const archives = [LISTINGS_ARCHIVE, ...PHOTOS.map((one) => one.archive)];
  const others = PHOTOS.filter((one) => one !== photos).flatMap((one) => [one.folder, one.archive]);
  const own = existsSync(join(folder, KEPT));
  const inTheWay =
    there(others) ??
    (what === 'archives' ? there(folders) : there(own ? archives : [...archives, ...folders]));
  if (inTheWay === undefined) return;
  throw new PipelineError('USAGE', `Expected a folder for ${NAMES[what]} but it has ${inTheWay}`, {
    key: folder,
    hint: 'A dump is either whole or a part, with photos of one size: choose another --out, or remove what is there.',
  });
}

const NAMES = { archives: 'the whole dump', part: 'a part of the dump' };
