import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type RunFiles, readTaskSamples } from '../audit/run-files.js';
import { PipelineError } from '../errors.js';
import { networkOf } from '../models/networks/index.js';
import { layerOfTaps, tapsOfModel } from '../models/taps.js';
import { modelOf, type Recipe } from '../recipe.js';
import { resolveOutput } from '../run.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { type TrainSide, trainSide } from './train-side.js';

/**
 * Reads a task's train side: its samples and the features of a frozen base that the run computed of them. What is known of
 * the other sides is left alone.
 * @throws {PipelineError} `NOT_FOUND` where the run has no such features, or not those of all its photos.
 */
export async function readTrainSide(
  run: RunFiles,
  { recipe, task, signal }: { recipe: Recipe; task: string; signal: AbortSignal },
): Promise<TrainSide> {
  const samples = (await readTaskSamples(run, task, signal)).filter(({ split }) => split === 'train');
  const cache = await featuresOf(run, recipe, task);
  try {
    const { identity } = cache;
    const length = identity.kind === 'vectors' ? identity.length : 0;
    const vectors = new Float32Array(samples.length * length);
    for (const [row, { sha256, path }] of samples.entries()) {
      const key = cache.keyOf(sha256);
      if (key === undefined) {
        throw new PipelineError('NOT_FOUND', `Expected features of the photo in ${cache.path}`, {
          key: path,
          hint: 'Where augmented views are stored, photos themselves have none: --set cache.augmentedCopies=0.',
        });
      }
      cache.read(key, new Uint8Array(vectors.buffer, 4 * row * length, 4 * length));
    }
    return trainSide(samples, vectors, {
      mirrored: identity.kind === 'vectors' && identity.mirrored === true,
    });
  } finally {
    await cache.close();
  }
}

/** The cache of the features that a task's head reads, of photos as they are. */
async function featuresOf({ path, manifest }: RunFiles, recipe: Recipe, task: string): Promise<TensorCache> {
  const model = modelOf(recipe, task);
  const network = networkOf(model);
  const layer = layerOfTaps(tapsOfModel(model, network));
  const mirrored = model.mirror ?? false;
  const outputs = manifest.current
    .filter((step) => step.startsWith('features-'))
    .flatMap((step) => manifest.steps[step]?.outputs ?? [])
    .map((output) => resolveOutput(path, output))
    .filter((output) => output.endsWith('data.mdb') && existsSync(output));
  for (const output of outputs) {
    const cache = openCache(dirname(output));
    const { identity } = cache;
    if (
      identity.kind === 'vectors' &&
      identity.network === network.name &&
      identity.preprocessing === network.preprocessing &&
      identity.layer === layer &&
      (identity.mirrored ?? false) === mirrored &&
      identity.view === 0
    ) {
      return cache;
    }
    await cache.close();
  }
  throw new PipelineError(
    'NOT_FOUND',
    `Expected features of a frozen base in the run but it has none of ${task}`,
    {
      key: path,
      hint: 'A run has some where its first phase trains the head of a pretrained network, as recipes/mobilenet.yaml does.',
    },
  );
}
