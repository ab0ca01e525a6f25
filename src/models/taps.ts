import type { Tensor } from '@tensorflow/tfjs';
import type { VectorIdentity } from '../sinks/tensor-cache/cache.js';
import type { Cut, Outputs } from './cut.js';
import { sourcesOf } from './heads.js';

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

/**
 * Hands each pool below a cut its part of stored features.
 * @param cut its border are pools: all that lies below heads is frozen.
 * @param features [batch, length]; where they are of one layer, they go on as they are.
 */
export function pooledOf({ layer }: Pick<VectorIdentity, 'layer'>, cut: Cut, features: Tensor): Outputs {
  const taps = tapsOf(layer);
  const read = cut.border.map((pool) => ({
    pool: pool.name,
    tap: sourcesOf(pool)[0]!.name,
    length: pool.outputShape[1] as number,
  }));
  if (taps.length === 1) return new Map(read.map(({ pool }) => [pool, features]));
  const lengths = taps.map((tap) => read.find((one) => one.tap === tap)!.length);
  const starts = new Map(
    taps.map((tap, index) => [tap, lengths.slice(0, index).reduce((sum, length) => sum + length, 0)]),
  );
  return new Map(
    read.map(({ pool, tap, length }) => [pool, features.slice([0, starts.get(tap)!], [-1, length])]),
  );
}
