import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { attributionText } from '../attribution.js';
import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import type { EventBus } from '../events.js';
import {
  ATTRIBUTION_FILE,
  CLASSES_FILE,
  DATASET_FILE,
  type DatasetDescription,
  EXPORT_FORMATS,
  type ExportedSample,
  type ExportFormat,
  type ExportImage,
  type SampleLine,
} from '../exported.js';
import type { Size } from '../kernels/resize.js';
import { SIDES, type Side } from '../records.js';
import type { ExportSink } from '../sinks/export-sink.js';
import { writeImageFolder } from '../sinks/image-folder.js';
import { writeNumpy } from '../sinks/numpy.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { assertRoom } from '../sinks/tensor-cache/databases.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { writeTfRecord } from '../sinks/tfrecord.js';
import { writeWebDataset } from '../sinks/webdataset.js';
import { writeWholeFolder } from '../sinks/whole-folder.js';
import { iterate } from '../streams.js';
import { counted, telling } from '../telling.js';
import { countSides } from './samples.js';

const SINKS: Record<ExportFormat, ExportSink> = {
  webdataset: writeWebDataset,
  tfrecord: writeTfRecord,
  folder: writeImageFolder,
  numpy: writeNumpy,
};
/** Formats whose shards have samples of one side only. */
const BY_SIDE: ReadonlySet<ExportFormat> = new Set(['webdataset', 'tfrecord']);

const JPEG_QUALITY = 95;
export const DEFAULT_SHARD_SIZE = 1000;

/** An export is handed on, and a cache does not say whose its photos are. */
const ATTRIBUTION = `Whose these photos are is not known here. Where they are of Amazon Berkeley Objects:

${attributionText()}
`;

export interface ExportRequest {
  /** The pixel cache's folder. */
  cache: string;
  format: ExportFormat;
  /** The folder to write; made. */
  out: string;
  /** `TASK` or `TASK/HASH`, the hash by its first digits; needed where the cache has more than one. */
  task?: string;
  /** How photos are encoded; default png. NumPy has pixels as they are. */
  image?: 'png' | 'jpg';
  /** Most samples of a shard; default 1000. */
  shardSize?: number;
  /** Photos encoded at once. */
  workers: number;
  signal: AbortSignal;
  /** Hears how far it is. */
  events?: EventBus;
}

export interface ExportSummary {
  out: string;
  format: ExportFormat;
  image: ExportImage;
  task: string;
  hash: string;
  samples: number;
  sides: Record<Side, number>;
}

/**
 * Writes a task's samples with their cached photos in another format. Photos in flight are twice `workers`; what was
 * begun and not finished is removed.
 * @throws {PipelineError} `USAGE` for a cache of vectors, a task that is not there or not the only one, a place that is
 * taken; `CACHE_CORRUPT` for a cache that `verify` finds damaged; `ABORTED`, `DISK_FULL`.
 */
export async function exportCache(request: ExportRequest): Promise<ExportSummary> {
  const { format, out, shardSize = DEFAULT_SHARD_SIZE, workers, signal, events } = request;
  if (!EXPORT_FORMATS.includes(format)) {
    throw new PipelineError('USAGE', `Expected one of ${EXPORT_FORMATS.join(', ')} but received ${format}`);
  }
  const image = imageOf(request);
  const cache = openCache(request.cache);
  try {
    const { identity } = cache;
    if (identity.kind !== 'pixels') {
      throw new PipelineError('USAGE', `Expected a cache of photos at ${cache.path} but it has vectors`);
    }
    const { task, hash } = chosenSamples(cache, request.task);
    // Its photos get checksums of their own, by which damage would look right.
    await cache.verify(telling(events, { stage: 'check', unit: 'photos', total: cache.length }));
    const { lines, classes } = sampleLines(cache, task, hash, BY_SIDE.has(format));
    const encoding = mapOrdered(iterate(lines), (line) => exported(cache, line, image, identity), {
      concurrency: workers,
      signal,
    });
    const encoded = counted(
      encoding,
      telling(events, { stage: 'export', unit: 'photos', total: lines.length }),
    );
    await writeWholeFolder(out, async (folder) => {
      if (image === 'raw') {
        assertRoom(folder, lines.length * cache.valueBytes, {
          what: 'the export',
          hint: 'Free some space and export again.',
        });
      }
      const { height, width } = identity;
      await SINKS[format](folder, encoded, { count: lines.length, height, width, image, shardSize });
      const description: DatasetDescription = {
        schemaVersion: 1,
        format,
        image,
        task,
        hash,
        samples: lines.length,
        identity,
      };
      await writeFile(join(folder, CLASSES_FILE), `${JSON.stringify(classes, null, 2)}\n`);
      await writeFile(join(folder, DATASET_FILE), `${JSON.stringify(description, null, 2)}\n`);
      await writeFile(join(folder, ATTRIBUTION_FILE), ATTRIBUTION);
    });
    return { out, format, image, task, hash, samples: lines.length, sides: countSides(lines) };
  } finally {
    await cache.close();
  }
}

function imageOf({ format, image }: ExportRequest): ExportImage {
  if (format !== 'numpy') return image ?? 'png';
  if (image === undefined) return 'raw';
  throw new PipelineError('USAGE', `Expected no image format with numpy but received ${image}`);
}

function chosenSamples(cache: TensorCache, wanted: string | undefined): { task: string; hash: string } {
  const sets = cache.sampleSets();
  const found = sets.filter(
    ({ task, hash }) => wanted === undefined || wanted === task || isPrefix(wanted, task, hash),
  );
  if (found.length === 1) return found[0]!;
  const which = wanted === undefined ? 'one task' : `one task ${wanted}`;
  const names = (found.length > 0 ? found : sets).map(
    ({ task, hash }) => `--task ${task}/${hash.slice(0, 8)}`,
  );
  throw new PipelineError(
    'USAGE',
    `Expected the samples of ${which} in the cache but found ${found.length === 0 ? 'none' : found.length}`,
    {
      key: cache.path,
      hint: names.length === 0 ? '`pipeline cache` stores samples.' : `Choose: ${names.join(', ')}`,
    },
  );
}

function isPrefix(wanted: string, task: string, hash: string): boolean {
  return wanted.length > task.length + 1 && `${task}/${hash}`.startsWith(wanted);
}

type UncheckedLine = Omit<SampleLine, 'crc'>;

/** The samples' lines by key, the order that a cache lies in; with `bySide`, one side after the other. */
function sampleLines(
  cache: TensorCache,
  task: string,
  hash: string,
  bySide: boolean,
): { lines: UncheckedLine[]; classes: string[] } {
  const samples = cache.samples(task, hash) ?? [];
  const classes = [...new Set(samples.map(({ label }) => label))].sort();
  const classOf = new Map(classes.map((label, index) => [label, index]));
  const hashes = new Map(cache.photos().map(({ sha256, key }) => [key, sha256]));
  const lines = samples.map(({ key, label, split, component }, index) => {
    const sha256 = hashes.get(key);
    if (sha256 === undefined) {
      throw new PipelineError('CACHE_CORRUPT', `Expected key ${key} of a sample in the cache`, {
        key: cache.path,
      });
    }
    return { index, key, sha256, label, class: classOf.get(label)!, split, component };
  });
  const side = ({ split }: UncheckedLine) => (bySide ? SIDES.indexOf(split) : 0);
  lines.sort((a, b) => side(a) - side(b) || a.key - b.key || a.index - b.index);
  return { lines, classes };
}

async function exported(
  cache: TensorCache,
  line: UncheckedLine,
  image: ExportImage,
  { width, height }: Size,
): Promise<ExportedSample> {
  const pixels = new Uint8Array(cache.valueBytes);
  cache.read(line.key, pixels);
  const checked = { ...line, crc: crc32(pixels) };
  if (image === 'raw') return { line: checked, image: pixels };
  const photo = sharp(pixels, { raw: { width, height, channels: 3 } });
  const file =
    image === 'png' ? photo.png() : photo.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' });
  return { line: checked, image: await file.toBuffer() };
}
