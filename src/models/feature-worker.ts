import { workerData as threadData } from 'node:worker_threads';
import type { SymbolicTensor, Tensor4D } from '@tensorflow/tfjs';
import { batches } from '../batches.js';
import { type PlainError, plainError } from '../errors.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { startBackend } from './backends/index.js';
import type { FeatureJob, FeatureWorkerData, PhotoFeatures } from './features.js';
import { foldModel } from './folded.js';
import { networks } from './networks/index.js';
import type { Network } from './networks/network.js';
import { assignWeights } from './weights/named.js';
import { readPretrained } from './weights/pretrained.js';

const data = threadData as FeatureWorkerData;
const network = networks[data.network as Network['name']];
const { height, width } = data;
const { tf, name, device } = await startBackend(data.backend);
const backend = { name, device };
const pretrained = await readPretrained(data.weights, network);
const base = network.build(tf, { height, width, alpha: pretrained.alpha, seed: 0 });
assignWeights(tf, base, pretrained.weights, network.top);
const outputs = data.taps.map((tap) => base.getLayer(tap).output as SymbolicTensor);
const folded = foldModel(tf, tf.model({ inputs: base.inputs, outputs }));
/** By their folders: photos, and views of them. */
const caches = new Map<string, TensorCache>();

/** One job of a feature thread: keys of a pixel cache → their features. */
export default async function work(job: FeatureJob): Promise<PhotoFeatures | { error: PlainError }> {
  try {
    return { features: await compute(job), backend };
  } catch (error) {
    // A lost device must arrive as what it is.
    return { error: plainError(error) };
  }
}

const averagesOf = (pixels: Tensor4D) => folded.run(pixels).map((output) => output.mean([1, 2]));

async function compute({ pixels: path, keys }: FeatureJob): Promise<Float32Array> {
  const cache = caches.get(path) ?? openCache(path);
  caches.set(path, cache);
  const samples = keys.map((key) => ({ key, label: 0 }));
  const options = { samples, batchSize: keys.length, normalise: data.preprocessing };
  for await (const { values, shape } of batches(cache, options)) {
    const vectors = tf.tidy(() => {
      const pixels = tf.tensor4d(values, shape as Tensor4D['shape']);
      const inputs = data.mirrored ? [pixels, pixels.reverse(2)] : [pixels];
      return tf.concat(inputs.flatMap(averagesOf), 1);
    });
    const features = await vectors.data<'float32'>().finally(() => vectors.dispose());
    return features.slice();
  }
  return new Float32Array(0);
}
