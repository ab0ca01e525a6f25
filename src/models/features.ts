import { mapOrdered } from '../concurrency.js';
import { PipelineError, type PlainError, revivedError } from '../errors.js';
import type { PixelIdentity, TensorCache, VectorIdentity } from '../sinks/tensor-cache/cache.js';
import { identityHash } from '../sinks/tensor-cache/identity.js';
import { writeCache } from '../sinks/tensor-cache/write.js';
import type { RunContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import { threadPool } from '../thread-pool.js';
import type { BackendChoice } from './backends/backend.js';
import type { PretrainedIdentity } from './weights/pretrained.js';

/** Photos a job: enough to keep a backend busy, few enough that early layers stay in the processor's cache. */
const PHOTOS_A_JOB = 4;

/** What a feature thread is started with. */
export interface FeatureWorkerData {
  network: string;
  /** The folder of the pretrained weights. */
  weights: string;
  /** The pixel cache's folder. */
  pixels: string;
  backend: BackendChoice;
}

/** What a feature thread is asked: keys of the pixel cache. */
export interface FeatureJob {
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

/** The identity of the features that a pretrained base gives for a pixel cache's photos. */
export function featureIdentity(pretrained: PretrainedIdentity, pixels: PixelIdentity): VectorIdentity {
  const { network, alpha, digest } = pretrained;
  return {
    kind: 'vectors',
    schemaVersion: 1,
    length: network.featureLength(alpha),
    dtype: 'float32',
    network: network.name,
    weights: digest,
    layer: network.featureLayer,
    preprocessing: network.preprocessing,
    view: 0,
    pixels: identityHash(pixels),
  };
}

/**
 * Computes a frozen base's pooled features of photos, once each, into a cache of vectors; those that an earlier build
 * stored are kept. Photos go through `context.workers` threads, each with a backend of its own, and are stored in
 * order.
 * @param options.folder the pretrained weights' folder.
 * @param options.photos sha256 of the photos' bytes, all in `pixels`.
 * @throws {PipelineError} `BACKEND_UNAVAILABLE`, `NOT_FOUND`, `WORKER_CRASHED`, `ABORTED`.
 */
export async function computeFeatures(options: {
  path: string;
  identity: VectorIdentity;
  folder: string;
  pixels: TensorCache;
  photos: Iterable<string>;
  backend: BackendChoice;
  context: RunContext;
}): Promise<ComputedFeatures> {
  const { path, identity, folder, pixels, photos, backend, context } = options;
  const { signal, workers, events } = context;
  const writer = await writeCache(path, identity);
  try {
    const missing = [...new Set(photos)].filter((sha256) => !writer.has(sha256));
    if (missing.length === 0) return { records: writer.length, computed: 0 };
    writer.reserve(missing.length);
    const workerData: FeatureWorkerData = {
      network: identity.network,
      weights: folder,
      pixels: pixels.path,
      backend,
    };
    let used: ComputedFeatures['backend'];
    const threads = Math.min(workers, Math.ceil(missing.length / PHOTOS_A_JOB));
    const pool = threadPool<FeatureJob, PhotoFeatures | { error: PlainError }>({
      module: new URL('./feature-worker.js', import.meta.url),
      workers: threads,
      work: 'compute features',
      data: workerData,
    });
    try {
      const jobs = mapOrdered(
        chunks(iterate(missing), PHOTOS_A_JOB),
        async (some) => {
          const keys = some.map((sha256) => keyOf(pixels, sha256));
          const result = await pool.run({ keys }, { signal });
          if ('error' in result) throw revivedError(result.error);
          return { some, ...result };
        },
        { concurrency: 2 * threads, signal },
      );
      let done = 0;
      for await (const { some, features: vectors, backend: own } of jobs) {
        used ??= own;
        const puts = some.map((sha256, row) => {
          const vector = vectors.slice(row * identity.length, (row + 1) * identity.length);
          return writer.put(sha256, new Uint8Array(vector.buffer));
        });
        await Promise.all(puts);
        done += some.length;
        events.emit({ type: 'progress', stage: 'features', done, total: missing.length, unit: 'photos' });
      }
    } finally {
      await pool.close();
    }
    return { records: writer.length, computed: missing.length, ...(used && { backend: used }) };
  } finally {
    await writer.close();
  }
}

function keyOf(pixels: TensorCache, sha256: string): number {
  const key = pixels.keyOf(sha256);
  if (key !== undefined) return key;
  throw new PipelineError('NOT_FOUND', `Expected the photo in the cache ${pixels.path} but it is not there`, {
    key: sha256,
    hint: 'Build the cache again: photos that are there already are kept.',
  });
}
