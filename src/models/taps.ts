import type { Tensor } from '@tensorflow/tfjs';
import { PipelineError } from '../errors.js';
import type { ModelRecipe } from '../recipe.js';
import type { VectorIdentity } from '../sinks/tensor-cache/cache.js';
import type { Cut, Outputs } from './cut.js';
import { sourcesOf } from './heads.js';
import { branchLevels } from './levels.js';
import type { Network } from './networks/network.js';

/** Layers' names have none of it. */
const BETWEEN = '+';

/** How a feature cache's identity writes the layers whose averages stand in its vectors, one after the other. */
export function layerOfTaps(taps: readonly string[]): string {
  return taps.join(BETWEEN);
}

/** Those layers again. */
export function tapsOf(layer: string): string[] {
  return layer.split(BETWEEN);
}

/** The layers of the base that a model's head and branches read, in the network's order, each once. */
export function tapsOfModel(
  { branches, head }: Pick<ModelRecipe, 'branches' | 'head'>,
  network: Network,
): string[] {
  const read = new Set([
    ...branchLevels(branches).map((level) => branches![level]!.after),
    ...(head.layers ?? [network.featureLayer]),
  ]);
  return network.layers.filter((name) => read.has(name));
}

/**
 * Hands each pool below a cut its part of stored features.
 * @param cut its border are pools: all that lies below heads is frozen.
 * @param features [batch, length]; where they are of one layer and of photos as they are alone, they go on as they are.
 * @param ofMirrored takes those of the mirror images, which stand after those of the photos.
 * @throws {PipelineError} `INTERNAL` where mirror images are asked for and there are none.
 */
export function pooledOf(
  { layer, mirrored }: Pick<VectorIdentity, 'layer' | 'mirrored'>,
  cut: Cut,
  features: Tensor,
  ofMirrored = false,
): Outputs {
  if (ofMirrored && mirrored === undefined) {
    throw new PipelineError('INTERNAL', 'Expected features of mirror images but the cache has none');
  }
  const taps = tapsOf(layer);
  const read = cut.border.map((pool) => ({
    pool: pool.name,
    tap: sourcesOf(pool)[0]!.name,
    length: pool.outputShape[1] as number,
  }));
  if (taps.length === 1 && mirrored === undefined) return new Map(read.map(({ pool }) => [pool, features]));
  const lengths = taps.map((tap) => read.find((one) => one.tap === tap)!.length);
  const sumOf = (some: readonly number[]) => some.reduce((sum, length) => sum + length, 0);
  const first = ofMirrored ? sumOf(lengths) : 0;
  const starts = new Map(taps.map((tap, index) => [tap, first + sumOf(lengths.slice(0, index))]));
  return new Map(
    read.map(({ pool, tap, length }) => [pool, features.slice([0, starts.get(tap)!], [-1, length])]),
  );
}
