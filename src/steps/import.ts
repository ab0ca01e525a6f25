import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import type { EventBus } from '../events.js';
import type { DatasetDescription, ExportedSample, ExportFormat, SampleLine } from '../exported.js';
import type { CacheWriter } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { storesJpegs } from '../sinks/tensor-cache/same-identity.js';
import { writeCache } from '../sinks/tensor-cache/write.js';
import { type ExportReader, notExported, readClasses, readDescription } from '../sources/exported.js';
import { readImageFolder } from '../sources/image-folder.js';
import { readNumpy } from '../sources/numpy.js';
import { readTfRecord } from '../sources/tfrecord.js';
import { readWebDataset } from '../sources/webdataset.js';
import { counted, telling } from '../telling.js';
import { cacheName } from './cache.js';

const READERS: Record<ExportFormat, ExportReader> = {
  webdataset: readWebDataset,
  tfrecord: readTfRecord,
  folder: readImageFolder,
  numpy: readNumpy,
};

/** Bytes of pixels that wait for one commit. */
const COMMIT_BYTES = 16 * 2 ** 20;

export interface ImportRequest {
  /** What `exportCache` wrote. */
  path: string;
  format: ExportFormat;
  /** The folder that caches lie in. */
  root: string;
  /** Photos decoded at once. */
  workers: number;
  signal: AbortSignal;
  /** Hears how far it is. */
  events?: EventBus;
}

export interface ImportSummary {
  /** The cache's folder. */
  cache: string;
  task: string;
  hash: string;
  samples: number;
  /** Photos in the cache. */
  records: number;
  /** Of the cache's contents. */
  digest: string;
}

/**
 * Makes the cache again that an export came from, in the folder that its identity names. Photos that lie there already
 * stay, so that an import that was stopped goes on. The digest is the first cache's where that had nothing but the
 * exported task's samples and photos.
 * @throws {PipelineError} `INPUT_INVALID` for what is not as an export wrote it: JPEGs, changed pixels, missing samples,
 * and for what came from a cache that stores JPEGs.
 */
export async function importCache({
  path,
  format,
  root,
  workers,
  signal,
  events,
}: ImportRequest): Promise<ImportSummary> {
  const description = readDescription(path);
  const { identity, task, hash } = description;
  assertReadable(path, format, description);
  const classes = readClasses(path);
  const place = join(root, cacheName(identity));
  const read = mapOrdered(
    READERS[format](path, description, signal),
    async (sample) => {
      const { line } = sample;
      if (classes[line.class] !== line.label) {
        throw notExported(`label ${line.class} of classes.json`, `${path} ${line.sha256}`);
      }
      return { line, pixels: await pixelsOf(sample, description, path) };
    },
    { concurrency: workers, signal },
  );
  const writer = await writeCache(place, identity);
  try {
    const told = { stage: 'import', unit: 'photos', total: description.samples };
    const lines = await putAll(writer, counted(read, telling(events, told)));
    if (lines.length !== description.samples) {
      throw notExported(`${description.samples} samples but found ${lines.length}`, path);
    }
    lines.sort((a, b) => a.index - b.index);
    await writer.putSamples(task, hash, lines);
  } finally {
    await writer.close();
  }
  const cache = openCache(place, { identity });
  try {
    const digest = await cache.digest(
      telling(events, { stage: 'digest', unit: 'photos', total: cache.length }),
    );
    return { cache: place, task, hash, samples: description.samples, records: cache.length, digest };
  } finally {
    await cache.close();
  }
}

function assertReadable(
  path: string,
  wanted: ExportFormat,
  { format, image, identity }: DatasetDescription,
): void {
  if (format !== wanted) {
    throw new PipelineError('USAGE', `Expected --format ${format} but received ${wanted}`, { key: path });
  }
  if (storesJpegs(identity)) {
    throw new PipelineError(
      'INPUT_INVALID',
      'Expected the export of a cache of pixels but received that of JPEGs',
      {
        key: path,
        hint: 'Its photos were decoded and cannot become the same JPEGs again: copy the cache’s folder.',
      },
    );
  }
  if (image !== 'jpg') return;
  throw new PipelineError('INPUT_INVALID', 'Expected photos without loss but received JPEGs', {
    key: path,
    hint: 'A cache’s identity says how its pixels were made: export with --image png.',
  });
}

async function putAll(
  writer: CacheWriter,
  samples: AsyncIterable<{ line: SampleLine; pixels: Uint8Array }>,
): Promise<SampleLine[]> {
  const lines: SampleLine[] = [];
  let puts: Promise<void>[] = [];
  let waiting = 0;
  try {
    for await (const { line, pixels } of samples) {
      const put = writer.put(line.sha256, pixels);
      // It is awaited below; until then a failure must not count as unhandled.
      put.catch(() => {});
      puts.push(put);
      lines.push(line);
      waiting += pixels.length;
      if (waiting < COMMIT_BYTES) continue;
      await Promise.all(puts);
      puts = [];
      waiting = 0;
    }
  } finally {
    // A cache is not closed under its transactions.
    await Promise.allSettled(puts);
  }
  await Promise.all(puts);
  return lines;
}

async function pixelsOf(
  { line, image }: ExportedSample,
  { identity, image: encoding }: DatasetDescription,
  path: string,
): Promise<Uint8Array> {
  const { width, height } = identity;
  const where = `${path} ${line.sha256}`;
  const pixels = encoding === 'raw' ? image : await decoded(image, width * height, where);
  if (pixels.length === 3 * width * height && crc32(pixels) === line.crc) return pixels;
  throw notExported('the pixels that were exported', where);
}

async function decoded(image: Uint8Array, limitInputPixels: number, where: string): Promise<Uint8Array> {
  try {
    return await sharp(image, { limitInputPixels, failOn: 'warning' }).raw({ depth: 'uchar' }).toBuffer();
  } catch (error) {
    throw notExported('a whole PNG', where, error);
  }
}
