// The tensor cache beside plain files of the same pixels. Everything is in the system's page cache when it is read.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { bijection } from '#src/random.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { SIZE, TARGET } from './data.js';
import { decodeBySharp } from './decode.js';
import { measure } from './measure.js';

const IDENTITY = pixelIdentity(TARGET);
const PASSES = 4;
const SHARP_PHOTOS = 64;

export default async function cache({ photos, files, folder }) {
  const paths = {
    cache: join(folder, 'cache'),
    file: join(folder, 'pixels.raw'),
    files: join(folder, 'pixels'),
  };
  // The same durability: all three are on the disk when the clock stops, and none sooner than it has to be.
  await measure(`Write ${photos.length} photos of ${SIZE} × ${SIZE} × 3, synced at the end`, {
    'tensor cache (and checksums)': () => writeToCache(paths.cache, photos),
    'one raw file, one fsync': () => writeToFile(paths.file, photos),
    'a raw file a photo, an fsync each': () => writeToFiles(paths.files, photos),
  });

  const reader = openCache(paths.cache);
  const raw = openSync(paths.file, 'r');
  const target = new Uint8Array(reader.valueBytes);
  const order = Array.from(photos, (_, index) => index).map(bijection(photos.length, 'bench'));
  const inOrder = (read) => () => {
    for (let pass = 0; pass < PASSES; pass++) for (const index of order) read(index);
    return PASSES * order.length;
  };
  const keys = photos.map(({ sha256 }) => reader.keyOf(sha256));
  try {
    await measure(`Read photos of ${SIZE} × ${SIZE} × 3 in a shuffled order into one buffer`, {
      'tensor cache': inOrder((index) => reader.read(keys[index], target)),
      'one raw file': inOrder((index) => readSync(raw, target, 0, target.length, index * target.length)),
      'a raw file a photo': inOrder((index) => target.set(readFileSync(join(paths.files, `${index}.raw`)))),
      'sharp, decoding again': async () => {
        for (const file of files.slice(0, SHARP_PHOTOS)) target.set(await decodeBySharp(file));
        return SHARP_PHOTOS;
      },
    });
  } finally {
    closeSync(raw);
    await reader.close();
  }
}

async function writeToCache(path, photos) {
  rmSync(path, { recursive: true, force: true });
  const writer = await writeCache(path, IDENTITY);
  await Promise.all(photos.map(({ sha256, pixels }) => writer.put(sha256, pixels)));
  // Waits until LMDB has synced.
  await writer.close();
  return photos.length;
}

export function writeToFile(path, photos) {
  rmSync(path, { force: true });
  const file = openSync(path, 'w');
  for (const { pixels } of photos) writeSync(file, pixels);
  fsyncSync(file);
  closeSync(file);
  return photos.length;
}

export function writeToFiles(path, photos) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  const files = photos.map(({ pixels }, index) => {
    const file = openSync(join(path, `${index}.raw`), 'w');
    writeSync(file, pixels);
    return file;
  });
  for (const file of files) {
    fsyncSync(file);
    closeSync(file);
  }
  return photos.length;
}
