import { join } from 'node:path';
import type { BackendChoice } from '../models/backends/backend.js';
import { readsFeatures } from '../models/classifier.js';
import { type ComputedFeatures, computeFeatures, featureIdentity } from '../models/features.js';
import { measuredSamples } from '../models/measured.js';
import { networkOf, networks } from '../models/networks/index.js';
import { tapsOfModel } from '../models/taps.js';
import { type PretrainedIdentity, readPretrained } from '../models/weights/pretrained.js';
import { modelOf, type Recipe } from '../recipe.js';
import type { RunFolder } from '../run.js';
import type { VectorIdentity } from '../sinks/tensor-cache/cache.js';
import { identityHash } from '../sinks/tensor-cache/identity.js';
import { withCaches } from '../sinks/tensor-cache/with-caches.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskPixels, TaskSamples } from './cache.js';
import type { PixelCache } from './store-photos.js';

/** What names pretrained weights, and the folder that they are read from. */
export interface WeightsFolder {
  folder: string;
  pretrained: PretrainedIdentity;
}

/** Reads the pretrained weights of the networks that a recipe uses, by network. */
export async function readWeights(
  recipe: Recipe,
  folders: ReadonlyMap<string, string | undefined>,
): Promise<Map<string, WeightsFolder>> {
  const weights = new Map<string, WeightsFolder>();
  for (const task of Object.keys(recipe.tasks)) {
    const { network } = modelOf(recipe, task);
    const folder = folders.get(network);
    if (folder === undefined || weights.has(network)) continue;
    // The threads that compute with the weights read them themselves: here only what names them is kept.
    const { weights: _, ...pretrained } = await readPretrained(folder, networks[network]);
    weights.set(network, { folder, pretrained });
  }
  return weights;
}

/** What names those weights, by network of the recipe; null of one that has none. */
export function weightsDigests(
  recipe: Recipe,
  weights: ReadonlyMap<string, WeightsFolder>,
): Record<string, string | null> {
  const networks = Object.keys(recipe.tasks).map((task) => modelOf(recipe, task).network);
  return Object.fromEntries(networks.map((name) => [name, weights.get(name)?.pretrained.digest ?? null]));
}

/** A cache of a frozen base's features. */
export interface FeatureCache {
  path: string;
  identity: VectorIdentity;
}

/** A frozen base's features of a run's photos; of those that it is trained on, the stored views' where there are such. */
export interface Features extends FeatureCache {
  /** By view, from 1. */
  views: readonly FeatureCache[];
  /** What computed them; absent where they were all there. */
  backend?: { name: string; device: string };
}

/**
 * Computes the features that the run's tasks are trained on, one step a base, its preprocessing and the layers that are
 * read; by task. `passes` is how often these bases see a photo, a stored view or a mirror image for that: each once,
 * whether it was computed now or by an earlier run.
 * @param options.root where caches lie: the run folder, or a folder shared between runs.
 */
export async function featureSteps(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  tasks: readonly TaskSamples[];
  weights: ReadonlyMap<string, WeightsFolder>;
  pixels: TaskPixels;
  root: string;
  backend: BackendChoice;
}): Promise<{ features: Map<string, Features>; steps: Accounted<ComputedFeatures>[]; passes: number }> {
  const { run, context, recipe, tasks, weights, root, backend } = options;
  const { pixels, views } = options.pixels;
  const features = new Map<string, Features>();
  const steps: Accounted<ComputedFeatures>[] = [];
  let passes = 0;
  for (const { name: base, taps, mirrored, users, folder, pretrained } of basesOf(recipe, tasks, weights)) {
    const place = (of: PixelCache) => {
      const identity = featureIdentity(pretrained, of.identity, { taps, mirrored });
      const name = `features-${identityHash(identity)}`;
      const path = join(root, name);
      return { of, cache: { path, identity }, output: `${root === run.path ? name : path}/data.mdb` };
    };
    const plain = place(pixels);
    const ofViews = views.map(place);
    const places = [plain, ...ofViews];
    const read = places.map(({ of }) => photosRead(users, of, views.length, recipe.seed));
    for (const photos of read) passes += (mirrored ? 2 : 1) * photos.size;
    const step = await accountedStep(run, context, {
      name: `features-${base}`,
      dependsOn: {
        identity: plain.cache.identity,
        photos: users.map(({ digest }) => digest),
        // The seed draws the train side's photos that training is measured on.
        ...(views.length > 0 && { views: ofViews.map(({ cache }) => cache.identity), seed: recipe.seed }),
      },
      outputs: places.map(({ output }) => output),
      work(own) {
        const sources = places.map(({ of }) => of);
        return withCaches(sources, (opened) => {
          const parts = places.map(({ cache }, index) => ({
            ...cache,
            pixels: opened[index]!,
            photos: read[index]!,
          }));
          return computeFeatures({ parts, folder, backend, context: own });
        });
      },
    });
    steps.push(step);
    const { backend: computedOn } = step.result;
    for (const { task } of users) {
      features.set(task, {
        ...plain.cache,
        views: ofViews.map(({ cache }) => cache),
        ...(computedOn && { backend: computedOn }),
      });
    }
  }
  return { features, steps, passes };
}

/** A frozen base with its preprocessing and the layers that are read, and the tasks whose heads are trained on them. */
interface Base extends WeightsFolder {
  /** Of the network, and of what a recipe names beside it: preprocessing, layers, mirror images. */
  name: string;
  taps: string[];
  mirrored: boolean;
  users: TaskSamples[];
}

function basesOf(
  recipe: Recipe,
  tasks: readonly TaskSamples[],
  weights: ReadonlyMap<string, WeightsFolder>,
): Base[] {
  const bases = new Map<string, Base>();
  for (const task of tasks) {
    const model = modelOf(recipe, task.task);
    const own = weights.get(model.network);
    if (own === undefined || readsFeatures(recipe, task.task) === 'none') continue;
    const network = networkOf(model);
    const taps = tapsOfModel(model, network);
    const mirrored = model.mirror ?? false;
    const usual = taps.length === 1 && taps[0] === network.featureLayer;
    const parts = [model.network, model.preprocessing, ...(usual ? [] : taps), mirrored && 'mirrored'];
    const name = parts.filter(Boolean).join('-');
    const pretrained = { ...own.pretrained, network };
    const base = bases.get(name) ?? { name, taps, mirrored, folder: own.folder, pretrained, users: [] };
    base.users.push(task);
    bases.set(name, base);
  }
  return [...bases.values()];
}

/**
 * The sha256 of the photos whose features are read, each once. Where views are trained on, of the train side's photos themselves only
 * those that training is measured on.
 */
function photosRead(
  users: readonly TaskSamples[],
  { identity }: PixelCache,
  views: number,
  seed: number,
): Set<string> {
  const samplesOf = ({ task, samples }: TaskSamples) => {
    if (views === 0) return samples;
    if (identity.view !== undefined) return samples.filter(({ split }) => split === 'train');
    return [...measuredSamples(samples, { seed, task }), ...samples.filter(({ split }) => split !== 'train')];
  };
  return new Set(users.flatMap((user) => samplesOf(user).map(({ sha256 }) => sha256)));
}
