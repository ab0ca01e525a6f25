import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, posix } from 'node:path';
import { partOf } from '../../download/part.js';
import { PipelineError, throwIfAborted } from '../../errors.js';
import { placeOf, streamPlace } from '../../place.js';
import type { Opening } from '../../sources/archive.js';
import { gunzip } from '../../sources/gunzip.js';
import { SHARD } from '../../sources/shard.js';
import { type TarEntry, tarEntries } from '../../sources/tar.js';
import { megabytes, telling } from '../../telling.js';
import { tooMany } from './too-many.js';

/*
 * What can be seen of a file that was cut or is another one, where its publisher states no hash. Each check ends a sentence that
 * begins with "Expected the whole file but", and gives undefined where nothing is wrong.
 */

const CHUNK = 256 * 1024;

/** Whether gzip unpacks to its end, by its own checksums. @param place as `streamPlace` takes it. */
export async function wrongGzip(place: string, signal: AbortSignal): Promise<string | undefined> {
  const bytes = streamPlace(place, { chunk: CHUNK });
  try {
    for await (const _ of gunzip(bytes)) throwIfAborted(signal);
    return undefined;
  } catch (error) {
    throwIfAborted(signal);
    return `it does not unpack: ${(error as Error).message}`;
  } finally {
    bytes.destroy();
  }
}

/** Whether a photo's file begins and ends as one. */
export async function wrongPhoto(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    return await wrongStretch(file, 0, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
/** Ends a JPEG; what is coded cannot look like it (ITU T.81, B.1.1.5). */
const JPEG_END = Buffer.from([0xff, 0xd9]);
const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const PNG_END = Buffer.from('IEND');
/** Some programs write a few bytes behind the end. */
const TAIL_BYTES = 4096;

async function wrongStretch(file: FileHandle, offset: number, size: number): Promise<string | undefined> {
  if (size === 0) return 'it is empty';
  const head = Buffer.alloc(PNG.length);
  await file.read(head, 0, head.length, offset);
  const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
  await file.read(tail, 0, tail.length, offset + size - tail.length);
  if (head.subarray(0, JPEG.length).equals(JPEG)) {
    return tail.includes(JPEG_END) ? undefined : 'it is a JPEG without an end';
  }
  if (head.equals(PNG)) return tail.includes(PNG_END) ? undefined : 'it is a PNG without an end';
  return 'it is no JPEG or PNG';
}

/** Whether an archive is whole, and each listing shard in it (`deep`) unpacks. */
export function wrongListings(path: string, deep: boolean, opening: Opening): Promise<string | undefined> {
  const { signal } = opening;
  return inArchive(path, opening, async (entries) => {
    let shards = 0;
    for await (const { name, ...member } of entries) {
      if (!SHARD.test(posix.basename(name))) continue;
      shards += 1;
      const wrong = deep ? await wrongGzip(placeOf({ archive: path, ...member }), signal) : undefined;
      if (wrong !== undefined) return `of its ${name}: ${wrong}`;
    }
    return shards > 0 ? undefined : 'it has no listings';
  });
}

/**
 * Whether an archive is whole, and the photos in it (`deep`) begin and end as such. A few that do not may be the publisher's
 * own: they are warned of, and a run quarantines them.
 */
export function wrongPhotos(path: string, deep: boolean, opening: Opening): Promise<string | undefined> {
  return inArchive(path, opening, async (entries) => {
    const file = await open(path);
    let photos = 0;
    const wrong: string[] = [];
    try {
      for await (const { name, offset, size } of entries) {
        if (!/\.(jpe?g|png)$/i.test(name)) continue;
        photos += 1;
        if (deep && (await wrongStretch(file, offset, size)) !== undefined) wrong.push(name);
      }
    } finally {
      await file.close();
    }
    if (photos === 0) return 'it has no photos';
    if (tooMany(wrong.length, photos)) return `${wrong.length} of its ${photos} photos are damaged`;
    if (wrong.length > 0) {
      const text = `${wrong.length} of ${photos} photos in ${nameOf(path)} are damaged: ${wrong.slice(0, 5).join(', ')}`;
      opening.events?.emit({ type: 'message', level: 'warning', text });
    }
    return undefined;
  });
}

async function inArchive(
  path: string,
  { signal, events }: Opening,
  look: (entries: AsyncIterable<TarEntry>) => Promise<string | undefined>,
): Promise<string | undefined> {
  const total = megabytes((await stat(path)).size);
  const tell = telling(events, { stage: `checking ${nameOf(path)}`, unit: 'MB', total });
  try {
    return await look(told(tarEntries(path, { signal, hint: '' }), total, tell));
  } catch (error) {
    throwIfAborted(signal);
    if (!(error instanceof PipelineError) || error.code !== 'INPUT_INVALID') throw error;
    return `at ${error.key?.replace(/^.* at /, '')}: ${error.message}`;
  }
}

/** Tells how much of an archive was gone through, in MB. */
async function* told(
  entries: AsyncIterable<TarEntry>,
  total: number,
  tell: (done: number) => void,
): AsyncGenerator<TarEntry> {
  for await (const entry of entries) {
    yield entry;
    tell(megabytes(entry.offset + entry.size));
  }
  // Behind the last member an archive has an end mark.
  tell(total);
}

/** An archive's name, also while it is on its way. */
const nameOf = (path: string) => basename(path, partOf(''));
