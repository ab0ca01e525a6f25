import { PipelineError } from '../../errors.js';
import type { Network } from '../networks/network.js';
import { readKerasH5 } from './keras-h5.js';
import { layerOf, type NamedWeights, shorten, weightsDigest } from './named.js';
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
  if (alpha === undefined) {
    throw new PipelineError(
      'WEIGHTS_MISMATCH',
      `Expected weights of ${network.name} in ${path} but received others\n  ${mismatch([...network.weighted.keys()], network.top, weights).join('\n  ')}`,
      { hint: 'Choose weights of this network, or another `model.network`.' },
    );
  }
  return { network, alpha, weights, digest: weightsDigest(weights) };
}

/** Of which layers there are no weights, and of which there are some that the network does not have. */
function mismatch(wanted: readonly string[], top: readonly string[], weights: NamedWeights): string[] {
  const found = new Set([...weights.keys()].map(layerOf));
  const missing = wanted.filter((name) => !found.has(name));
  const left = [...found].filter((name) => !wanted.includes(name) && !top.includes(name));
  if (missing.length === 0 && left.length === 0) return ['its layers, but of other shapes'];
  return [
    ...(missing.length > 0 ? [`${missing.length} layers missing: ${shorten(missing)}`] : []),
    ...(left.length > 0 ? [`${left.length} layers left over: ${shorten(left)}`] : []),
  ];
}

function readWeights(path: string, network: Network): Promise<NamedWeights> {
  if (/\.h(df)?5$/i.test(path)) return readKerasH5(path, network);
  if (/\.safetensors$/i.test(path)) return readSafetensors(path);
  return readTfjsWeights(path);
}
