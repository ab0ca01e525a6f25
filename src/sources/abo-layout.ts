import { readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PipelineError } from '../errors.js';
import { type Archive, indexArchive, type Opening } from './archive.js';
import { imagesInArchive, imagesInFolder } from './images-root.js';
import { type DumpFile, SHARD } from './shard.js';
import type { ImagesRoot } from './source.js';

export const LISTINGS = 'listings/metadata';
export const LISTINGS_ARCHIVE = 'abo-listings.tar';

/** Where photos lie, in the order in which they are looked for. */
export const PHOTOS = [
  { folder: 'images/small', archive: 'abo-images-small.tar' },
  { folder: 'images/original', archive: 'abo-images-original.tar' },
] as const;
export type PhotosOfDump = (typeof PHOTOS)[number];
const TABLES = ['.gz', '', '.zst'].map((packing) => `images/metadata/images.csv${packing}`);

/**
 * The shards in ABO's order, which is the order of their names: 0..9, then a..f.
 * @throws {PipelineError} `DUMP_MISSING`, `DUMP_EMPTY`, and as `indexArchive`.
 */
export async function findShards(root: string, opening: Opening): Promise<DumpFile[]> {
  const folder = join(root, LISTINGS);
  const unpacked = await isThere(folder, 'folder');
  const archive = unpacked ? undefined : await openArchive(root, LISTINGS_ARCHIVE, opening);
  if (!unpacked && archive === undefined) {
    throw new PipelineError('DUMP_MISSING', `Expected listings at ${folder} but there is no such folder`, {
      hint: `A dump has them there or in ${LISTINGS_ARCHIVE}; \`pipeline fetch abo --out DIR\` downloads one.`,
    });
  }
  const files = archive === undefined ? await filesInFolder(folder) : filesInArchive(archive);
  const shards = files.filter(({ name }) => SHARD.test(name));
  sayPassedOver(files, opening);
  if (shards.length > 0) return shards.sort((a, b) => (a.name < b.name ? -1 : 1));
  const where = archive === undefined ? folder : join(archive.path, LISTINGS);
  throw new PipelineError(
    'DUMP_EMPTY',
    `Expected listings_*.json, .json.gz or .json.zst in ${where} but found none`,
    {
      hint: 'A dump has listings/metadata/listings_0.json.gz and so on, or all of them in abo-listings.tar.',
    },
  );
}

async function filesInFolder(folder: string): Promise<DumpFile[]> {
  return (await readdir(folder)).map((name) => ({ name, place: join(folder, name) }));
}

function filesInArchive(archive: Archive): DumpFile[] {
  return [...archive.names()].flatMap((path) => {
    const { dir, base: name } = posix.parse(path);
    const place = archive.place(path);
    return dir === LISTINGS && place !== undefined ? [{ name, place }] : [];
  });
}

/** More names than anyone reads in a message. */
const MOST_NAMES = 5;

/** A file beside the shards may be one under another name: not a word, and its listings would be missed late. */
function sayPassedOver(files: readonly DumpFile[], { events }: Opening): void {
  const others = files.map(({ name }) => name).filter((name) => !SHARD.test(name) && !name.startsWith('.'));
  if (others.length === 0) return;
  const names = others.sort().slice(0, MOST_NAMES).join(', ');
  const text = `${LISTINGS} has ${others.length} files beside the shards, which are not read: ${names}${others.length > MOST_NAMES ? ', …' : ''}. Shards are named listings_*.json, .json.gz or .json.zst.`;
  events?.emit({ type: 'message', level: 'warning', text });
}

/**
 * The image table and the photos.
 * @throws {PipelineError} `DUMP_MISSING` without a table, and as `indexArchive`.
 */
export async function findImages(
  root: string,
  opening: Opening,
): Promise<{ table: DumpFile; imagesRoot: ImagesRoot }> {
  const { folder: within, archive: name } = await whichPhotos(root);
  const folder = join(root, within);
  const unpacked = await isThere(folder, 'folder');
  const loose = await findTable(async (path) => {
    const place = join(root, path);
    return (await isThere(place)) ? place : undefined;
  });
  const archive = unpacked && loose ? undefined : await openArchive(root, name, opening);
  const table = loose ?? (archive && (await findTable((path) => archive.place(path))));
  if (table === undefined) {
    throw new PipelineError(
      'DUMP_MISSING',
      `Expected the image table ${TABLES[0]} in ${root} but found none`,
      {
        hint: `A dump has listings/metadata, images/metadata and images/small, or ${LISTINGS_ARCHIVE} and ${PHOTOS[0].archive}.`,
      },
    );
  }
  const packed = unpacked ? undefined : archive;
  return { table, imagesRoot: packed ? imagesInArchive(packed, within) : imagesInFolder(folder) };
}

/** The small photos where there are any, or none at all. */
async function whichPhotos(root: string): Promise<PhotosOfDump> {
  for (const photos of PHOTOS) {
    if (await isThere(join(root, photos.folder), 'folder')) return photos;
    if (await isThere(join(root, photos.archive), 'file')) return photos;
  }
  return PHOTOS[0];
}

/** The first of the tables that a look finds a place for. */
async function findTable(
  look: (path: string) => string | undefined | Promise<string | undefined>,
): Promise<DumpFile | undefined> {
  for (const path of TABLES) {
    const place = await look(path);
    if (place !== undefined) return { name: posix.basename(path), place };
  }
  return undefined;
}

/** One of the dump's archives; undefined where it is not there. */
async function openArchive(root: string, name: string, opening: Opening): Promise<Archive | undefined> {
  const path = join(root, name);
  if (await isThere(path, 'file')) return indexArchive(path, opening);
  for (const compressed of [`${path}.gz`, path.replace(/\.tar$/, '.tgz')]) {
    if (!(await isThere(compressed, 'file'))) continue;
    throw new PipelineError('INPUT_INVALID', `Expected ${name} but received it compressed`, {
      key: compressed,
      hint: `Photos are read from where they lie in it: \`gunzip ${compressed}\` first.`,
    });
  }
  return undefined;
}

async function isThere(path: string, what?: 'file' | 'folder'): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (what === undefined) return found !== undefined;
  return (what === 'file' ? found?.isFile() : found?.isDirectory()) ?? false;
}
