import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { PixelIdentity } from '../sinks/tensor-cache/cache.js';
import { identityHash, pixelIdentity } from '../sinks/tensor-cache/identity.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { writeCache } from '../sinks/tensor-cache/write.js';
import { type RunContext, runStage } from '../stage.js';
import { decodeResize } from '../stages/decode-resize.js';
import { iterate } from '../streams.js';
import type { CacheSummary } from '../summary.js';

/** One task's samples and the digest that names them in the cache. */
export interface TaskSamples {
  task: string;
  digest: string;
  samples: readonly Sample[];
}

/** A task whose samples all lie in the pixel cache. */
export interface CachedTask extends TaskSamples {
  /** Photos a class before the cap. */
  natural: Readonly<Record<string, number>>;
  /** Whether the samples came from a file instead of from curation. */
  given: boolean;
}

/** The pixel cache that a recipe asks for. */
export function recipePixels({ cache: { size, fit, decoder } }: Recipe): PixelIdentity {
  return pixelIdentity({ height: size, width: size, fit, decoder });
}

/** A pixel cache's folder name: size and identity. */
export function cacheName(identity: PixelIdentity): string {
  return `cache-${identity.height}-${identityHash(identity)}`;
}

/**
 * Decodes the photos of all samples into a tensor cache, each distinct file once; photos that an earlier build stored
 * are not decoded again. Photos are committed as they come, so a build that was stopped goes on from there.
 * @param path the cache's folder; made where absent.
 */
export async function buildCache(options: {
  path: string;
  identity: PixelIdentity;
  tasks: readonly TaskSamples[];
  context: RunContext;
}): Promise<Omit<CacheSummary, 'path'>> {
  const { path, identity, tasks, context } = options;
  const { height, width, fit, decoder } = identity;
  const writer = await writeCache(path, identity);
  try {
    const seen = new Set<string>();
    const wanted = tasks
      .flatMap(({ samples }) => samples)
      .filter(({ sha256, path: photo }) => {
        const key = sha256 === '' ? photo : sha256;
        if (seen.has(key) || writer.has(sha256)) return false;
        seen.add(key);
        return true;
      });
    const stage = decodeResize({ height, width, fit, decoder });
    let failure: unknown;
    const stored = new Set<Promise<void>>();
    for await (const { sha256, pixels } of runStage(stage, iterate(wanted), context, {
      total: wanted.length,
    })) {
      if (failure !== undefined) throw failure;
      // Pixels that wait for their transaction are in flight too; they give their room back when it is committed.
      const release = await context.budget.acquire(pixels.byteLength, context.signal);
      const put = writer
        .put(sha256, pixels)
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => {
          release();
          stored.delete(put);
        });
      stored.add(put);
    }
    await Promise.all(stored);
    if (failure !== undefined) throw failure;
    for (const { task, digest, samples } of tasks) {
      const cached = samples.filter(({ sha256 }) => writer.has(sha256));
      await writer.putSamples(task, digest, cached);
    }
  } finally {
    await writer.close();
  }
  const cache = openCache(path, { identity });
  try {
    const bytes = statSync(join(path, 'data.mdb')).size;
    return { records: cache.length, bytes, height, width, decoder, digest: await cache.digest() };
  } finally {
    await cache.close();
  }
}
