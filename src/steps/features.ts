import { join } from 'node:path';
import type { BackendChoice } from '../models/backends/backend.js';
import { trainsOnFeatures } from '../models/classifier.js';
import { type ComputedFeatures, computeFeatures, featureIdentity } from '../models/features.js';
import { networks } from '../models/networks/index.js';
import { type PretrainedIdentity, readPretrained } from '../models/weights/pretrained.js';
import { modelOf, type Recipe } from '../recipe.js';
import type { RunFolder } from '../run.js';
import type { PixelIdentity, VectorIdentity } from '../sinks/tensor-cache/cache.js';
import { identityHash } from '../sinks/tensor-cache/identity.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';

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

/** A frozen base's features of a run's photos. */
export interface Features {
  path: string;
  identity: VectorIdentity;
  /** What computed them; absent where they were all there. */
  backend?: { name: string; device: string };
}

/**
 * Computes the features that the run's tasks are trained on, one step a network; by task.
 * @param options.root where caches lie: the run folder, or a folder shared between runs.
 */
export async function featureSteps(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  tasks: readonly TaskSamples[];
  weights: ReadonlyMap<string, WeightsFolder>;
  pixels: { path: string; identity: PixelIdentity };
  root: string;
  backend: BackendChoice;
}): Promise<{ features: Map<string, Features>; steps: Accounted<ComputedFeatures>[] }> {
  const { run, context, recipe, tasks, weights, pixels, root, backend } = options;
  const features = new Map<string, Features>();
  const steps: Accounted<ComputedFeatures>[] = [];
  for (const [network, { folder, pretrained }] of weights) {
    const users = tasks.filter(
      ({ task }) => modelOf(recipe, task).network === network && trainsOnFeatures(recipe, task),
    );
    if (users.length === 0) continue;
    const identity = featureIdentity(pretrained, pixels.identity);
    const name = `features-${identityHash(identity)}`;
    const path = root === run.path ? join(run.path, name) : join(root, name);
    const step = await accountedStep(run, context, {
      name: `features-${network}`,
      dependsOn: { identity, photos: users.map(({ digest }) => digest) },
      outputs: [`${root === run.path ? name : path}/data.mdb`],
      async work(own) {
        const cache = openCache(pixels.path, { identity: pixels.identity });
        try {
          const photos = users.flatMap(({ samples }) => samples.map(({ sha256 }) => sha256));
          return await computeFeatures({
            path,
            identity,
            folder,
            pixels: cache,
            photos,
            backend,
            context: own,
          });
        } finally {
          await cache.close();
        }
      },
    });
    steps.push(step);
    const { backend: computedOn } = step.result;
    for (const { task } of users) {
      features.set(task, { path, identity, ...(computedOn && { backend: computedOn }) });
    }
  }
  return { features, steps };
}
