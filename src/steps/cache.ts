import { statSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '../canonical-json.js';
import { byteBudget } from '../concurrency.js';
import type { Recipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { RunFolder } from '../run.js';
import type { CacheWriter, PixelIdentity } from '../sinks/tensor-cache/cache.js';
import { assertRoom } from '../sinks/tensor-cache/databases.js';
import { identityHash, pixelIdentity, pixelTarget } from '../sinks/tensor-cache/identity.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { writeCache } from '../sinks/tensor-cache/write.js';
import { type RunContext, runStage } from '../stage.js';
import { decodeResize } from '../stages/decode-resize.js';
import { iterate } from '../streams.js';
import type { CacheSummary } from '../summary.js';
import { type Accounted, accountedStep } from './accounted.js';

/** One task's samples and the digest that names them in the cache. */
export interface TaskSamples {
  task: string;
  digest: string;
  samples: readonly Sample[];
  /** Photos a class before the cap. */
  natural: Readonly<Record<string, number>>;
  /** Whether the samples came from a file instead of from curation. */
  given: boolean;
}

/** A pixel cache's place and what it holds. */
export interface PixelCache {
  path: string;
  identity: PixelIdentity;
}

/** What building a cache found out. */
export interface BuiltCache {
  summary: Omit<CacheSummary, 'path'>;
  /** Samples whose photo could not be stored. */
  missing: number;
}

/** What the step found out about the recipe's own cache, and about the others in their order. */
export interface BuiltCaches extends BuiltCache {
  others?: BuiltCache[];
}

/**
 * The step that decodes all samples' photos into a cache, in the run folder or in a folder that runs share.
 * @param options.root where caches lie.
 * @param options.sizes heights and widths of more caches, filled from the same decode.
 * @returns the tasks with the samples that can be used: those whose photo lies in the cache.
 */
export async function cacheStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  tasks: readonly TaskSamples[];
  root: string;
  sizes?: readonly number[];
}): Promise<{
  step: Accounted<BuiltCaches>;
  /** The recipe's own cache's first. */
  summaries: CacheSummary[];
  pixels: PixelCache;
  usable: TaskSamples[];
}> {
  const { run, context, recipe, tasks, root } = options;
  const place = (size: number) => {
    const identity = recipePixels(recipe, size);
    const name = cacheName(identity);
    return { path: join(root, name), identity, output: root === run.path ? name : join(root, name) };
  };
  const pixels = place(recipe.cache.size);
  const more = new Set(options.sizes);
  more.delete(recipe.cache.size);
  const others = [...more].sort((a, b) => a - b).map(place);
  const caches = [pixels, ...others];
  // Known from looking whether the kept cache still holds.
  let kept: TaskSamples[] | undefined;
  const step = await accountedStep<BuiltCaches>(run, context, {
    name: 'cache',
    dependsOn: {
      identity: pixels.identity,
      tasks: tasks.map(({ task, digest }) => [task, digest]),
      ...(others.length > 0 && { others: others.map(({ identity }) => identity) }),
    },
    outputs: caches.map(({ output }) => `${output}/data.mdb`),
    // A shared cache may have been made anew, for another run.
    async holds({ missing, others: built = [] }) {
      const found = await usableTasks(pixels, tasks);
      if (countMissing(tasks, found) !== missing) return false;
      for (const [index, other] of others.entries()) {
        if (countMissing(tasks, await usableTasks(other, tasks)) !== built[index]?.missing) return false;
      }
      kept = found;
      return true;
    },
    async work(own) {
      const [first, ...rest] = await buildCaches({ caches, tasks, context: own });
      return { ...first!, ...(rest.length > 0 && { others: rest }) };
    },
  });
  const usable = kept ?? (await usableTasks(pixels, tasks));
  const { others: rest = [], ...first } = step.result;
  const summaries = [first, ...rest].map(({ summary }, index) => ({
    path: caches[index]!.output,
    ...summary,
  }));
  return { step, summaries, pixels, usable };
}

/** The samples whose photos are in the cache; where some are not, under a digest of their own. */
async function usableTasks(pixels: PixelCache, tasks: readonly TaskSamples[]): Promise<TaskSamples[]> {
  const cache = openCache(pixels.path, { identity: pixels.identity });
  try {
    return tasks.map((task) => {
      const samples = task.samples.filter(({ sha256 }) => sha256 !== '' && cache.keyOf(sha256) !== undefined);
      if (samples.length === task.samples.length) return task;
      const digest = hashOf([task.digest, samples.map(({ path }) => path)]);
      return { ...task, samples, digest };
    });
  } finally {
    await cache.close();
  }
}

function countMissing(all: readonly TaskSamples[], usable: readonly TaskSamples[]): number {
  const count = (tasks: readonly TaskSamples[]) =>
    tasks.reduce((sum, { samples }) => sum + samples.length, 0);
  return count(all) - count(usable);
}

/** The pixel cache that a recipe asks for, or one of another size beside it. */
export function recipePixels({ cache }: Recipe, size = cache.size): PixelIdentity {
  const { fit, filter, decoder, storage } = cache;
  const target = { height: size, width: size, fit, decoder };
  return pixelIdentity({ ...target, ...(filter && { filter }), ...(storage && { storage }) });
}

/** A pixel cache's folder name: size and identity. */
export function cacheName(identity: PixelIdentity): string {
  return `cache-${identity.height}-${identityHash(identity)}`;
}

/**
 * Decodes the photos of all samples into tensor caches, each distinct file once for all of them; photos that an earlier
 * build stored in all are not decoded again. Photos are committed as they come, so a build that was stopped goes on from
 * there.
 * @param options.caches their folders, made where absent, and what they hold; at least one.
 * @returns what was found out about each, in their order.
 */
export async function buildCaches(options: {
  caches: readonly PixelCache[];
  tasks: readonly TaskSamples[];
  context: RunContext;
}): Promise<BuiltCache[]> {
  const { caches, tasks, context } = options;
  const writers: CacheWriter[] = [];
  const missing: number[] = [];
  try {
    for (const { path, identity } of caches) writers.push(await writeCache(path, identity));
    await storePhotos(writers, caches, tasks, context);
    for (const writer of writers) {
      let without = 0;
      for (const { task, digest, samples } of tasks) {
        const cached = samples.filter(({ sha256 }) => writer.has(sha256));
        without += samples.length - cached.length;
        await writer.putSamples(task, digest, cached);
      }
      missing.push(without);
    }
  } finally {
    await Promise.all(writers.map((writer) => writer.close()));
  }
  const built: BuiltCache[] = [];
  for (const [index, { path, identity }] of caches.entries()) {
    const cache = openCache(path, { identity });
    try {
      const { height, width, decoder } = identity;
      const bytes = statSync(join(path, 'data.mdb')).size;
      const digest = await cache.digest();
      const summary = { records: cache.length, bytes, height, width, decoder, digest };
      built.push({ summary, missing: missing[index]! });
    } finally {
      await cache.close();
    }
  }
  return built;
}

/** Enough for a transaction to be worth its sync; with 64 MB a build was slower, and took 200 MB more. */
const MOST_UNCOMMITTED_BYTES = 16 * 2 ** 20;

/** Decodes what any of the caches lacks, and puts it where it is lacking. */
async function storePhotos(
  writers: readonly CacheWriter[],
  caches: readonly PixelCache[],
  tasks: readonly TaskSamples[],
  context: RunContext,
): Promise<void> {
  const seen = new Set<string>();
  const wanted = tasks
    .flatMap(({ samples }) => samples)
    .filter(({ sha256, path: photo }) => {
      const key = sha256 === '' ? photo : sha256;
      if (seen.has(key) || writers.every((writer) => writer.has(sha256))) return false;
      seen.add(key);
      return true;
    });
  const lacking = (writer: CacheWriter) => wanted.filter(({ sha256 }) => !writer.has(sha256)).length;
  const needed = writers.reduce((sum, writer) => sum + writer.reserve(lacking(writer)), 0);
  // Each has room for itself; what matters is whether all have.
  if (writers.length > 1) assertRoom(caches[0]!.path, needed);
  const what = writers.length > 1 ? `the ${writers.length} caches take` : 'the cache takes';
  const text = `${wanted.length} photos to decode: ${what} up to ${Math.ceil(needed / 1e6)} MB more of the disk`;
  if (wanted.length > 0) context.events.emit({ type: 'message', level: 'info', text });
  const stage = decodeResize(caches.map(({ identity }) => pixelTarget(identity)));
  // A part of the budget is for what waits for its transaction, once as it was put and once as LMDB's pages.
  const most = Math.min(context.budget.total / 8, MOST_UNCOMMITTED_BYTES);
  const uncommitted = byteBudget(most);
  const releasePart = await context.budget.acquire(2 * most, context.signal);
  let failure: unknown;
  const stored = new Set<Promise<void>>();
  try {
    for await (const { sha256, pixels, release: reuse } of runStage(stage, iterate(wanted), context, {
      total: wanted.length,
    })) {
      if (failure !== undefined) throw failure;
      const bytes = pixels.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const release = await uncommitted.acquire(bytes, context.signal);
      const put = Promise.all(writers.map((writer, index) => writer.put(sha256, pixels[index]!)))
        .then(
          // Only when all are done with them: where one has failed, another may still be reading.
          reuse,
          (error: unknown) => {
            failure ??= error;
          },
        )
        .finally(() => {
          release();
          stored.delete(put);
        });
      stored.add(put);
    }
    await Promise.all(stored);
    if (failure !== undefined) throw failure;
  } finally {
    releasePart();
  }
}
