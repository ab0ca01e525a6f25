import { hashOf } from '../canonical-json.js';
import type { BackendName } from '../models/backends/backend.js';
import { startBackend } from '../models/backends/index.js';
import { readsFeatures } from '../models/classifier.js';
import { headPhases } from '../models/inputs.js';
import { MOST_ROWS } from '../models/kernel/recipe.js';
import { branchHeads } from '../models/levels.js';
import { measuredNumber } from '../models/measured.js';
import { networkOf } from '../models/networks/index.js';
import { phaseName } from '../models/phases.js';
import { tapsOfModel } from '../models/taps.js';
import { sharesTrunk } from '../models/trunk.js';
import { type ModelRecipe, modelOf, type Recipe } from '../recipe.js';
import { checkpointOf, galleryBytes, memoryOf, modelBytes, vectorBytes } from './bytes.js';
import type { Counts, TaskCounts } from './counts.js';
import { type NetworkCost, networkCost } from './network-cost.js';
import { CACHED, CHOLESKY, CURATED, headStep, LISTINGS, rateOf } from './rates.js';
import { type CachedPhotos, sharedPhotos } from './shared-photos.js';

/** A photo's key, sha256 and rounding to LMDB's pages, beside its pixels. */
const RECORD = 4096;

export interface PhasePlan {
  name: string;
  /** At most, where the phase has patience. */
  epochs: number;
  patient: boolean;
  /** Optimiser steps of an epoch. */
  steps: number;
  /** Photos that the base computes, all epochs together, and those among them that gradients are computed of. */
  forward: number;
  backward: number;
  /** Numbers that are trained. */
  trained: number;
  /** Whether it reads stored features. */
  features: boolean;
  /** Absent where a run would refuse it. */
  seconds?: number;
  memoryBytes?: number;
}

export interface TaskPlan {
  task: string;
  counts: TaskCounts;
  network: ModelRecipe['network'];
  cost: NetworkCost;
  /** Passes of the frozen base over photos before training, but those that an earlier task shares with it. */
  featurePasses: number;
  /** Absent where a run would refuse it. */
  featureSeconds?: number;
  phases: PhasePlan[];
  diskBytes: { features: number; checkpoint: number; model: number };
  /** Why a run would refuse to train it. */
  refused?: string;
  /** Whether its time rests on this network's own figures. */
  measured: boolean;
}

export interface Plan {
  recipe: string;
  backend: BackendName;
  listings: number;
  photos: number;
  curateSeconds: number;
  cacheSeconds: number;
  /** In pixel caches, all tasks together; views not counted. */
  cachePhotos: number;
  /** Of pixel caches, views included. */
  cacheBytes: number;
  /** Of all tasks' photos by the first task's embeddings; 0 where the recipe wants none. */
  galleryBytes: number;
  /** Passes of the first task's trained base over all photos, for the gallery; a frozen one's features are there already. */
  galleryPasses: number;
  /** Whether tasks may share photos that are counted for each of them: which they are is not known. */
  atMost: boolean;
  tasks: TaskPlan[];
  /** Whether its tasks share a trunk: they are counted as if each had a model of its own, which is the most it can cost. */
  sharedTrunk: boolean;
  /** As its counts'. */
  warnings: string[];
  /** Absent where a run would refuse a task. */
  seconds?: number;
  memoryBytes?: number;
  diskBytes: number;
}

/**
 * What a run of a recipe would do and cost, without doing it: photos and steps by counting, memory and disk by the
 * layers' shapes, time by rates that were measured on another machine.
 * @param options.alpha of networks that have a width multiplier
 * @throws {PipelineError} `RECIPE_INVALID`; `SAMPLES_INVALID` where nothing tells the groups that branches predict.
 */
export async function planOf(options: {
  recipe: Recipe;
  counts: Counts;
  backend: BackendName;
  alpha: number;
}): Promise<Plan> {
  const { recipe, counts, backend, alpha } = options;
  const { size, storage, augmentedCopies: views = 0 } = recipe.cache;
  const { tf, stop } = await startBackend('cpu');
  const tasks: TaskPlan[] = [];
  const inFeatures = new Map<string, ReturnType<typeof sharedPhotos>>();
  try {
    for (const [task, own] of counts.tasks) {
      const model = modelOf(recipe, task);
      const network = networkOf(model);
      const base = hashOf([
        network.name,
        network.preprocessing,
        tapsOfModel(model, network),
        model.mirror ?? false,
      ]);
      const shared = inFeatures.get(base) ?? sharedPhotos();
      const rows = own.splits.train * Math.max(1, views) * (model.mirror ? 2 : 1);
      const { whole, phase } = networkCost(tf, {
        network,
        model,
        size,
        classes: Math.max(2, own.classes),
        branches: branchHeads(own.levels, model.branches),
        alpha,
        kernelRows: rows,
      });
      const reads = readsFeatures(recipe, task) !== 'none';
      if (reads) inFeatures.set(base, shared);
      const train = views === 0 ? 'all' : 'measured';
      const stored = reads ? shared(own, { task, seed: recipe.seed, train }) : undefined;
      tasks.push(taskPlan({ recipe, task, counts: own, backend, cost: whole, phase, rows, stored }));
    }
  } finally {
    await stop();
  }
  const inPixels = sharedPhotos();
  const cached = [...counts.tasks].map(([task, own]) =>
    inPixels(own, { task, seed: recipe.seed, train: 'all' }),
  );
  const cachePhotos = total(cached.map(({ plain }) => plain));
  const stored = cachePhotos + views * total(cached.map(({ viewed }) => viewed));
  const pixels = size * size * 3;
  const cacheBytes = stored * (storage === 'jpeg' ? pixels / JPEG_SAVES : pixels + RECORD);
  const curateSeconds =
    counts.listings / LISTINGS + (recipe.source.photos === 'decode' ? counts.photos / CURATED : 0);
  const cacheSeconds = stored / CACHED;
  const phases = tasks.flatMap((task) => task.phases);
  const trainSeconds = [
    ...tasks.map(({ featureSeconds = 0 }) => featureSeconds),
    ...phases.map(({ seconds = 0 }) => seconds),
  ];
  const refused = tasks.some((task) => task.refused !== undefined);
  const gallery = recipe.gallery === false ? 0 : galleryBytes(cachePhotos, tasks[0]!.cost.features);
  const [first] = tasks as [TaskPlan, ...TaskPlan[]];
  const isFrozen = first.phases.every(({ features }) => features);
  const galleryPasses =
    recipe.gallery === false || isFrozen ? 0 : (modelOf(recipe, first.task).mirror ? 2 : 1) * cachePhotos;
  const gallerySeconds = (galleryPasses * first.cost.macs) / rateOf(backend, first.network).macs;
  const disk = tasks.flatMap(({ diskBytes }) => Object.values(diskBytes));
  return {
    recipe: recipe.name,
    backend,
    listings: counts.listings,
    photos: counts.photos,
    curateSeconds,
    cacheSeconds,
    cachePhotos,
    cacheBytes,
    galleryBytes: gallery,
    galleryPasses,
    atMost: tasks.length > 1 && [...counts.tasks.values()].some(({ photos }) => photos === undefined),
    tasks,
    sharedTrunk: sharesTrunk(recipe),
    warnings: counts.warnings,
    ...(!refused && {
      seconds: curateSeconds + cacheSeconds + total(trainSeconds) + gallerySeconds,
      memoryBytes: Math.max(...phases.map(({ memoryBytes = 0 }) => memoryBytes)),
    }),
    diskBytes: cacheBytes + gallery + total(disk),
  };
}

/** How many times smaller JPEGs of quality 92, 4:4:4, are than pixels, on the sample. */
const JPEG_SAVES = 10;

const total = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0);

const told = (number: number) => number.toLocaleString('en-GB');

function taskPlan(options: {
  recipe: Recipe;
  task: string;
  counts: TaskCounts;
  backend: BackendName;
  cost: NetworkCost;
  phase: ReturnType<typeof networkCost>['phase'];
  rows: number;
  /** What it adds to the features that are stored of its base; absent where none are read. */
  stored: CachedPhotos | undefined;
}): TaskPlan {
  const { recipe, task, counts, backend, cost, phase: costOf, rows, stored } = options;
  const model = modelOf(recipe, task);
  const { splits } = counts;
  const views = recipe.cache.augmentedCopies ?? 0;
  const looks = model.mirror ? 2 : 1;
  const before = stored === undefined ? 0 : headPhases(model.phases);
  const refused =
    model.head.kernel !== undefined && rows > MOST_ROWS
      ? `a kernel head has at most ${told(MOST_ROWS)} rows of training, and these are ${told(rows)}`
      : undefined;
  const rate = rateOf(backend, model.network);
  const measured =
    before === model.phases.length && views === 0 ? splits.train : measuredNumber(splits.train);
  const vectors = stored === undefined ? 0 : stored.plain + views * stored.viewed;
  const passes = looks * vectors;
  const phases = model.phases.map((phase, index): PhasePlan => {
    const part = costOf(phase, recipe.faithful);
    const features = index < before;
    const steps = model.head.kernel === undefined ? Math.ceil(splits.train / model.batchSize) : 1;
    const epochs = model.head.kernel === undefined ? phase.epochs : 1;
    const each = splits.train + looks * (measured + splits.validation);
    // The test side is scored once, after all phases.
    const scored = index === model.phases.length - 1 ? looks * splits.test : 0;
    const forward = features ? 0 : epochs * each + scored;
    const backward = features ? 0 : epochs * splits.train;
    const seconds =
      model.head.kernel !== undefined
        ? rows ** 3 / 6 / CHOLESKY
        : features
          ? epochs * steps * headStep(backend)
          : (forward * cost.macs + backward * part.macs * rate.backward) / rate.macs;
    const memoryBytes = memoryOf({ model, phase, cost, part, features, rows });
    return {
      name: phaseName(phase),
      epochs,
      patient: phase.patience !== undefined,
      steps,
      forward,
      backward,
      trained: part.trained,
      features,
      ...(refused === undefined && { seconds, memoryBytes }),
    };
  });
  return {
    task,
    counts,
    network: model.network,
    cost,
    featurePasses: passes,
    ...(refused === undefined && { featureSeconds: (passes * cost.macs) / rate.macs }),
    phases,
    diskBytes: {
      features: vectors * vectorBytes(looks * cost.features),
      checkpoint: checkpointOf(model, cost, phases),
      model: modelBytes(cost),
    },
    ...(refused !== undefined && { refused }),
    measured: rate.measured,
  };
}
