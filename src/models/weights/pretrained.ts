import type { Network } from '../networks/network.js';
import { readKerasH5 } from './keras-h5.js';
import { assertWeights, type NamedWeights, weightsDigest } from './named.js';
import { weightsAt } from './published.js';
import { readSafetensors } from './safetensors.js';
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
 * Reads trained weights for a network: a folder in TensorFlow.js layers format, a Keras HDF5 file (`.h5`, `.weights.h5`), a
 * `.safetensors` file, or a folder that has the network's published file.
 * @throws {PipelineError} as `weightsAt`, `readTfjsWeights`, `readKerasH5` and `readSafetensors`; `WEIGHTS_MISMATCH` where they are
 * another network's.
 */
export async function readPretrained(path: string, network: Network): Promise<Pretrained> {
  const weights = await readWeights(await weightsAt(path, network.name), network);
  const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
  const alpha = network.alphaOf(shapes);
  assertWeights(weights, network.shapesOf(alpha), { of: `${network.name} in ${path}`, top: network.top });
  return { network, alpha, weights, digest: weightsDigest(weights) };
}

function readWeights(path: string, network: Network): Promise<NamedWeights> {
  if (/\.h(df)?5$/i.test(path)) return readKerasH5(path, network);
  if (/\.safetensors$/i.test(path)) return readSafetensors(path);
  return readTfjsWeights(path);
}
