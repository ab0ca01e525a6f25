import { PipelineError } from '../../errors.js';
import type { Network } from '../networks/network.js';
import { type NamedWeights, weightsDigest } from './named.js';
import { readTfjsWeights } from './tfjs-layers.js';

/** What is known of trained weights without holding them. */
export interface PretrainedIdentity {
  network: Network;
  /** The width multiplier that the weights' shapes tell. */
  alpha: number;
  /** sha256 over all weights that were read, hex. */
  digest: string;
}

/** Trained weights for a base network. */
export interface Pretrained extends PretrainedIdentity {
  weights: NamedWeights;
}

/**
 * Reads a folder of trained weights for a network.
 * @throws {PipelineError} as `readTfjsWeights`; `WEIGHTS_MISMATCH` where they are another network's.
 */
export async function readPretrained(folder: string, network: Network): Promise<Pretrained> {
  const weights = await readTfjsWeights(folder);
  const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
  const alpha = network.alphaOf(shapes);
  if (alpha === undefined) {
    throw new PipelineError(
      'WEIGHTS_MISMATCH',
      `Expected weights of ${network.name} in ${folder} but received ${[...weights.keys()].slice(0, 5).join(', ')} …`,
      { hint: 'Choose weights of this network, or another `model.network`.' },
    );
  }
  return { network, alpha, weights, digest: weightsDigest(weights) };
}
