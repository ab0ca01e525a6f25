import { statSync } from 'node:fs';
import { join } from 'node:path';
import { splitAugmentation } from '../augment/stored.js';
import { hashOf } from '../canonical-json.js';
import type { TreeFigures } from '../labels/tree/figures.js';
import type { Recipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { RunFolder } from '../run.js';
import type { CacheWriter, PixelIdentity } from '../sinks/tensor-cache/cache.js';
import { identityHash, pixelIdentity, pixelTarget } from '../sinks/tensor-cache/identity.js';
import { withCaches } from '../sinks/tensor-cache/with-caches.js';
import { writeCache } from '../sinks/tensor-cache/write.js';
import type { RunContext } from '../stage.js';
import type { CacheSummary, Unmapped } from '../summary.js';
import { type Accounted, accountedStep } from './accounted.js';
import { keeps, type PixelCache, storePhotos } from './store-photos.js';

/** One task's samples and the digest that names them in the cache. */
export interface TaskSamples {
  task: string;
  digest: string;
  samples: readonly Sample[];
  /** Photos a class before the cap. */
  natural: Readonly<Record<string, number>>;
  /** Whether the samples came from a file instead of from curation. */
  given: boolean;
  /** Photos' items by their paths, where components do not hold them together and the samples come from curation. */
  items?: ReadonlyMap<string, readonly string[]>;
  /** Where the recipe normalises values: those that had no label. */
  unmapped?: Unmapped;
  /** Where the recipe names a tree: what the nodes say of it. */
  tree?: TreeFigures;
}

/** Where a task's photos lie: the photos themselves, and stored views of those that it is trained on. */
export interface TaskPixels {
  pixels: PixelCache;
  /** By view, from 1; none where each epoch makes views of its own. */
  views: readonly PixelCache[];
}

/** What building a cache found out. */
export interface BuiltCache {
  summary: Omit<CacheSummary, 'path'>;
  /** Samples whose photo could not be stored. */
  missing: number;
}

/** What the step found out about the recipe's own cache, and about the others: its stored views, then other sizes. */
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
  views: PixelCache[];
  usable: TaskSamples[];
}> {
  const { run, context, recipe, tasks, root } = options;
  const place = (identity: PixelIdentity) => {
    const name = cacheName(identity);
    return { path: join(root, name), identity, output: root === run.path ? name : join(root, name) };
  };
  const pixels = place(recipePixels(recipe));
  const views = recipeViews(recipe).map(place);
  const more = new Set(options.sizes);
  more.delete(recipe.cache.size);
  const sizes = [...more].sort((a, b) => a - b).map((size) => place(recipePixels(recipe, size)));
  // Views first: they are made of the photos that the recipe's own cache gets.
  const others = [...views, ...sizes];
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
      const found = await usableTasks([pixels], tasks);
      if (countMissing(tasks, found) !== missing) return false;
      for (const [index, other] of others.entries()) {
        if (countMissing(tasks, await usableTasks([other], tasks)) !== built[index]?.missing) return false;
      }
      kept = views.length === 0 ? found : await usableTasks([pixels, ...views], tasks);
      return true;
    },
    async work(own) {
      const [first, ...rest] = await buildCaches({ caches, tasks, context: own });
      return { ...first!, ...(rest.length > 0 && { others: rest }) };
    },
  });
  const usable = kept ?? (await usableTasks([pixels, ...views], tasks));
  const { others: rest = [], ...first } = step.result;
  const summaries = [first, ...rest].map(({ summary }, index) => ({
    path: caches[index]!.output,
    ...summary,
  }));
  return { step, summaries, pixels, views, usable };
}

/** The samples whose photos are in all caches that should have them; where some are not, under a digest of their own. */
function usableTasks(caches: readonly PixelCache[], tasks: readonly TaskSamples[]): Promise<TaskSamples[]> {
  return withCaches(caches, (opened) => {
    const isThere = (sample: Sample) =>
      opened.every(
        (cache, index) =>
          !keeps(caches[index]!, sample) ||
          (sample.sha256 !== '' && cache.keyOf(sample.sha256) !== undefined),
      );
    return tasks.map((task) => {
      const samples = task.samples.filter(isThere);
      if (samples.length === task.samples.length) return task;
      const digest = hashOf([task.digest, samples.map(({ path }) => path)]);
      return { ...task, samples, digest };
    });
  });
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

/** The caches of stored views that a recipe asks for, by view. */
export function recipeViews(recipe: Recipe): PixelIdentity[] {
  const { cache, augmentation = {}, seed } = recipe;
  const plain = pixelTarget(recipePixels(recipe));
  const { ofPhotos } = splitAugmentation(augmentation);
  return Array.from({ length: cache.augmentedCopies ?? 0 }, (_, index) =>
    pixelIdentity({ ...plain, view: { number: index + 1, seed, augmentation: ofPhotos } }),
  );
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
    await storePhotos(
      writers,
      caches,
      tasks.flatMap(({ samples }) => samples),
      context,
    );
    for (const [index, writer] of writers.entries()) {
      let without = 0;
      for (const { task, digest, samples } of tasks) {
        const kept = samples.filter((sample) => keeps(caches[index]!, sample));
        const cached = kept.filter(({ sha256 }) => writer.has(sha256));
        without += kept.length - cached.length;
        await writer.putSamples(task, digest, cached);
      }
      missing.push(without);
    }
  } finally {
    await Promise.all(writers.map((writer) => writer.close()));
  }
  const built: BuiltCache[] = [];
  for (const [index, { path, identity }] of caches.entries()) {
    const { records, digest } = await withCaches([{ path, identity }], async ([cache]) => ({
      records: cache!.length,
      digest: await cache!.digest(),
    }));
    const { height, width, decoder, view } = identity;
    const bytes = statSync(join(path, 'data.mdb')).size;
    const size = { records, bytes, height, width };
    const summary = { ...size, decoder, digest, ...(view && { view: view.number }) };
    built.push({ summary, missing: missing[index]! });
  }
  return built;
}
