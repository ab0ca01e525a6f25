import { mapOrdered } from '../concurrency.js';
import { PipelineError, type PlainError, revivedError } from '../errors.js';
import type { Normalisation } from '../normalisation.js';
import type { CacheWriter, PixelIdentity, TensorCache, VectorIdentity } from '../sinks/tensor-cache/cache.js';
import { identityHash } from '../sinks/tensor-cache/identity.js';
import { reserveAll, writeCache } from '../sinks/tensor-cache/write.js';
import type { RunContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import { threadPool } from '../thread-pool.js';
import type { BackendChoice } from './backends/backend.js';
import { layerOfTaps, tapsOf } from './taps.js';
import type { PretrainedIdentity } from './weights/pretrained.js';

/** Photos a job: enough to keep a backend busy, few enough that early layers stay in the processor's cache. */
const PHOTOS_A_JOB = 4;

/** What a feature thread is started with. */
export interface FeatureWorkerData {
  network: string;
  preprocessing: Normalisation;
  /** The folder of the pretrained weights. */
  weights: string;
  /** The layers whose averages it computes, one after the other. */
  taps: readonly string[];
  /** Whether each vector goes on with the mirror image's. */
  mirrored: boolean;
  /** Of the photos, in pixels. */
  height: number;
  width: number;
  backend: BackendChoice;
}

/** What a feature thread is asked: keys of a pixel cache. */
export interface FeatureJob {
  /** The cache's folder. */
  pixels: string;
  keys: number[];
}

/** What it answers. */
export interface PhotoFeatures {
  /** [keys × length], row-major. */
  features: Float32Array;
  backend: { name: string; device: string };
}

/** What computing features gave: how many are stored, how many of them are new, and what computed those. */
export interface ComputedFeatures {
  records: number;
  computed: number;
  backend?: { name: string; device: string };
}

/**
 * The identity of the features that a pretrained base gives for a pixel cache's photos, or stored views of them.
 * @param options.taps the layers of the base whose averages stand one after the other in a vector.
 * @param options.mirrored whether the mirror image's come after those of the photo.
 */
export function featureIdentity(
  pretrained: PretrainedIdentity,
  pixels: PixelIdentity,
  {
    taps = [pretrained.network.featureLayer],
    mirrored = false,
  }: { taps?: readonly string[]; mirrored?: boolean } = {},
): VectorIdentity {
  const { network, alpha, digest } = pretrained;
  const length = taps.reduce((sum, tap) => sum + network.channelsOf(tap, alpha), 0);
  return {
    kind: 'vectors',
    schemaVersion: 1,
    length: mirrored ? 2 * length : length,
    dtype: 'float32',
    network: network.name,
    weights: digest,
    layer: layerOfTaps(taps),
    preprocessing: network.preprocessing,
    view: pixels.view?.number ?? 0,
    ...(mirrored && { mirrored: true as const }),
    pixels: identityHash(pixels),
  };
}

/** A cache of features to fill, and the photos it wants. */
export interface FeaturePart {
  path: string;
  identity: VectorIdentity;
  /** The photos themselves, or a stored view of them. */
  pixels: TensorCache;
  /** sha256 of the photos' bytes, all in `pixels`. */
  photos: Iterable<string>;
}

/**
 * Computes a frozen base's pooled features of photos, once each, into caches of vectors; those that an earlier build
 * stored are kept. Photos go through `context.workers` threads, each with a backend of its own, and are stored in
 * order.
 * @param options.parts one base's features of photos and of views of them, at least one; their pixels are of one size.
 * @param options.folder the pretrained weights' folder.
 * @returns what was found out about all parts together.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE`, `NOT_FOUND`, `DISK_FULL`, `WORKER_CRASHED`, `ABORTED`.
 */
export async function computeFeatures(options: {
  parts: readonly FeaturePart[];
  folder: string;
  backend: BackendChoice;
  context: RunContext;
}): Promise<ComputedFeatures> {
  const { parts, folder, backend, context } = options;
  const { signal, workers, events } = context;
  const writers: CacheWriter[] = [];
  const records = () => writers.reduce((sum, writer) => sum + writer.length, 0);
  try {
    for (const { path, identity } of parts) writers.push(await writeCache(path, identity));
    const lacking = parts.map((part, index): LackingPart => {
      const writer = writers[index]!;
      return { ...part, writer, missing: [...new Set(part.photos)].filter((sha256) => !writer.has(sha256)) };
    });
    const total = lacking.reduce((sum, { missing }) => sum + missing.length, 0);
    if (total === 0) return { records: records(), computed: 0 };
    reserveAll(lacking.map(({ writer, missing }) => ({ writer, photos: missing.length })));
    const { height, width } = parts[0]!.pixels.identity as PixelIdentity;
    const { network, layer, preprocessing, mirrored = false } = parts[0]!.identity;
    const workerData: FeatureWorkerData = {
      network,
      preprocessing: preprocessing as Normalisation,
      weights: folder,
      taps: tapsOf(layer),
      mirrored,
      height,
      width,
      backend,
    };
    let used: ComputedFeatures['backend'];
    const threads = Math.min(workers, Math.ceil(total / PHOTOS_A_JOB));
    const pool = threadPool<FeatureJob, PhotoFeatures | { error: PlainError }>({
      module: new URL('./feature-worker.js', import.meta.url),
      workers: threads,
      work: 'compute features',
      data: workerData,
    });
    try {
      const jobs = mapOrdered(
        jobsOf(lacking),
        async ({ some, pixels, ...part }) => {
          const keys = some.map((sha256) => keyOf(pixels, sha256));
          const result = await pool.run({ pixels: pixels.path, keys }, { signal });
          if ('error' in result) throw revivedError(result.error);
          return { ...part, some, ...result };
        },
        { concurrency: 2 * threads, signal },
      );
      let done = 0;
      for await (const { some, writer, identity, features: vectors, backend: own } of jobs) {
        used ??= own;
        const puts = some.map((sha256, row) => {
          const vector = vectors.slice(row * identity.length, (row + 1) * identity.length);
          return writer.put(sha256, new Uint8Array(vector.buffer));
        });
        await Promise.all(puts);
        done += some.length;
        events.emit({ type: 'progress', stage: 'features', done, total, unit: 'photos' });
      }
    } finally {
      await pool.close();
    }
    return { records: records(), computed: total, ...(used && { backend: used }) };
  } finally {
    for (const writer of writers) await writer.close();
  }
}

interface LackingPart extends FeaturePart {
  writer: CacheWriter;
  missing: readonly string[];
}

/** Photos of one pixel cache each, part by part. */
async function* jobsOf(parts: readonly LackingPart[]): AsyncGenerator<LackingPart & { some: string[] }> {
  for (const part of parts) {
    for await (const some of chunks(iterate(part.missing), PHOTOS_A_JOB)) yield { ...part, some };
  }
}

/** The key of a photo in a cache. @throws {PipelineError} `NOT_FOUND` */
export function keyOf(cache: TensorCache, sha256: string): number {
  const key = cache.keyOf(sha256);
  if (key !== undefined) return key;
  throw new PipelineError('NOT_FOUND', `Expected the photo in the cache ${cache.path} but it is not there`, {
    key: sha256,
    hint: 'Build the cache again: photos that are there already are kept.',
  });
}
