import { statSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '../canonical-json.js';
import type { Recipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { RunFolder } from '../run.js';
import type { PixelIdentity } from '../sinks/tensor-cache/cache.js';
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

/**
 * The step that decodes all samples' photos into a cache, in the run folder or in a folder that runs share.
 * @param options.root where caches lie.
 * @returns the tasks with the samples that can be used: those whose photo lies in the cache.
 */
export async function cacheStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  tasks: readonly TaskSamples[];
  root: string;
}): Promise<{
  step: Accounted<BuiltCache>;
  summary: CacheSummary;
  pixels: PixelCache;
  usable: TaskSamples[];
}> {
  const { run, context, recipe, tasks, root } = options;
  const identity = recipePixels(recipe);
  const name = cacheName(identity);
  const pixels = { path: join(root, name), identity };
  const output = root === run.path ? name : pixels.path;
  // Known from looking whether the kept cache still holds.
  let kept: TaskSamples[] | undefined;
  const step = await accountedStep<BuiltCache>(run, context, {
    name: 'cache',
    dependsOn: { identity, tasks: tasks.map(({ task, digest }) => [task, digest]) },
    outputs: [`${output}/data.mdb`],
    // A shared cache may have been made anew, for another run.
    async holds({ missing }) {
      const found = await usableTasks(pixels, tasks);
      if (countMissing(tasks, found) !== missing) return false;
      kept = found;
      return true;
    },
    work: (own) => buildCache({ ...pixels, tasks, context: own }),
  });
  const usable = kept ?? (await usableTasks(pixels, tasks));
  return { step, summary: { path: output, ...step.result.summary }, pixels, usable };
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

/** The pixel cache that a recipe asks for. */
export function recipePixels({ cache: { size, fit, filter, decoder } }: Recipe): PixelIdentity {
  return pixelIdentity({ height: size, width: size, fit, ...(filter && { filter }), decoder });
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
}): Promise<BuiltCache> {
  const { path, identity, tasks, context } = options;
  const { height, width, decoder } = identity;
  const writer = await writeCache(path, identity);
  let missing = 0;
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
    const needed = writer.reserve(wanted.length);
    const text = `${wanted.length} photos to decode: the cache takes up to ${Math.ceil(needed / 1e6)} MB more of the disk`;
    if (wanted.length > 0) context.events.emit({ type: 'message', level: 'info', text });
    const stage = decodeResize(pixelTarget(identity));
    let failure: unknown;
    const stored = new Set<Promise<void>>();
    for await (const { sha256, pixels } of runStage(stage, iterate(wanted), context, {
      total: wanted.length,
    })) {
      if (failure !== undefined) throw failure;
      // Pixels that wait for their transaction are in flight too; they give their room back when it is committed.
      let release = context.budget.tryAcquire(pixels.byteLength);
      if (release === undefined) {
        await Promise.all(stored);
        release = context.budget.tryAcquire(pixels.byteLength);
      }
      const put = writer
        .put(sha256, pixels)
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => {
          release?.();
          stored.delete(put);
        });
      stored.add(put);
      // Without room of its own it stands in that of the job it came from, which is given back only by going on.
      if (release === undefined) await put;
    }
    await Promise.all(stored);
    if (failure !== undefined) throw failure;
    for (const { task, digest, samples } of tasks) {
      const cached = samples.filter(({ sha256 }) => writer.has(sha256));
      missing += samples.length - cached.length;
      await writer.putSamples(task, digest, cached);
    }
  } finally {
    await writer.close();
  }
  const cache = openCache(path, { identity });
  try {
    const bytes = statSync(join(path, 'data.mdb')).size;
    const digest = await cache.digest();
    return { summary: { records: cache.length, bytes, height, width, decoder, digest }, missing };
  } finally {
    await cache.close();
  }
}
