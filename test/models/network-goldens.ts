import { readFileSync } from 'node:fs';
import type { Tensor } from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { batches } from '#src/batches.js';
import type { Tf } from '#src/models/backends/backend.js';
import type { Network } from '#src/models/networks/network.js';
import { assignWeights, modelWeights } from '#src/models/weights/named.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { formulaWeights, golden, shared } from './goldens.js';

/** Pixels of a file in the goldens as the product's batches give them to a network. */
async function goldenBatch(tf: Tf, network: Network, { file, shape }: { file: string; shape: number[] }) {
  const bytes = readFileSync(`${shared}/goldens/networks/${file}`);
  const [photos, height, width] = shape as [number, number, number];
  const valueBytes = bytes.length / photos;
  const cache = {
    identity: pixelIdentity({ height, width, fit: 'stretch', decoder: 'turbo' }),
    valueBytes,
    readAll: (keys: ArrayLike<number>, target: Uint8Array) => {
      for (const [row, key] of Array.from(keys).entries()) {
        target.set(bytes.subarray(key * valueBytes, (key + 1) * valueBytes), row * valueBytes);
      }
    },
  };
  const samples = Array.from({ length: photos }, (_, key) => ({ key, label: 0 }));
  const options = { samples, batchSize: photos, normalise: network.preprocessing };
  for await (const batch of batches(cache as unknown as TensorCache, options)) {
    return tf.tensor4d(batch.values, batch.shape as typeof shape & [number, number, number, number]);
  }
  throw new Error('expected a batch');
}

/** Expects what Keras computes on two photos with formula weights and the network's own preprocessing. */
export async function expectOutputs(tf: Tf, network: Network, file: string, alpha = 1): Promise<void> {
  const outputs = golden<{
    input: { file: string; shape: [number, number, number, number] };
    layers: { name: string; shape: number[]; std: number; step: number; values: number[] }[];
    gap: number[][];
  }>(`networks/${file}.outputs.json.gz`);
  const [, height, width] = outputs.input.shape;
  const model = network.build(tf, { height, width, alpha, seed: 1 });
  const weights = modelWeights(model).map(
    ({ name, variable }) => [name, variable.shape as number[]] as const,
  );
  assignWeights(tf, model, formulaWeights(weights));
  const input = await goldenBatch(tf, network, outputs.input);
  const probe = tf.model({
    inputs: model.inputs,
    outputs: outputs.layers.map(({ name }) => model.getLayer(name).output as (typeof model.inputs)[0]),
  });
  tf.tidy(() => {
    const found = probe.predict(input) as Tensor[];
    for (const [index, layer] of outputs.layers.entries()) {
      expect(found[index]!.shape).toEqual(layer.shape);
      const values = found[index]!.dataSync();
      for (const [k, value] of layer.values.entries()) {
        const difference = Math.abs(values[k * layer.step]! - value);
        expect(difference, `${layer.name} ${k}`).toBeLessThan(1e-4 * layer.std);
      }
    }
    const { std } = outputs.layers.at(-1)!;
    const gap = found.at(-1)!.mean([1, 2]).arraySync() as number[][];
    for (const [row, values] of outputs.gap.entries()) {
      for (const [k, value] of values.entries()) {
        expect(Math.abs(gap[row]![k]! - value), `average ${row} ${k}`).toBeLessThan(1e-4 * std);
      }
    }
  });
  input.dispose();
  model.dispose();
}
