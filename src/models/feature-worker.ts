import { workerData as threadData } from 'node:worker_threads';
import type { Tensor4D } from '@tensorflow/tfjs';
import { move } from 'piscina';
import { batches } from '../batches.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { startBackend } from './backends/index.js';
import type { FeatureWorkerData } from './features.js';
import { foldModel } from './folded.js';
import { networks } from './networks/index.js';
import type { Network } from './networks/network.js';
import { assignWeights } from './weights/named.js';
import { readPretrained } from './weights/pretrained.js';

const data = threadData as FeatureWorkerData;
const network = networks[data.network as Network['name']];
const cache = openCache(data.pixels);
if (cache.identity.kind !== 'pixels') throw new TypeError('Expected a cache of pixels');
const { height, width } = cache.identity;
const { tf } = await startBackend(data.backend);
const pretrained = await readPretrained(data.weights, network);
const base = network.build(tf, { height, width, alpha: pretrained.alpha, seed: 0 });
assignWeights(tf, base, pretrained.weights, network.top);
const folded = foldModel(tf, base);

/** One job of a feature thread: keys of the pixel cache → their features, [keys × length], row-major. */
export default async function work({ keys }: { keys: number[] }): Promise<unknown> {
  const samples = keys.map((key) => ({ key, label: 0 }));
  const options = { samples, batchSize: keys.length, normalise: network.preprocessing };
  for await (const { values, shape } of batches(cache, options)) {
    const vectors = tf.tidy(() => {
      const pixels = tf.tensor4d(values, shape as Tensor4D['shape']);
      return folded.run(pixels).mean([1, 2]);
    });
    const features = await vectors.data<'float32'>().finally(() => vectors.dispose());
    return move(features.slice());
  }
  return new Float32Array(0);
}
