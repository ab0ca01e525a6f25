import { readFileSync } from 'node:fs';
import type { LayersModel } from '@tensorflow/tfjs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { networks } from '#src/models/networks/index.js';
import { assignWeights, modelWeights } from '#src/models/weights/named.js';
import { readPretrained } from '#src/models/weights/pretrained.js';
import { formulaWeights, golden, hasShared, shared, unit } from './goldens.js';
import { cpu } from './tf.js';

let tf: Tf;
beforeAll(async () => {
  tf = await cpu();
});

interface GoldenLayer {
  name: string;
  type: string;
  from: string[];
  shape: number[];
  weights: [string, number[]][];
  trainable: number;
  fixed: number;
  [configuration: string]: unknown;
}

/** The model's layer as the goldens describe one. */
function describeLayer(layer: LayersModel['layers'][number], like: GoldenLayer): GoldenLayer {
  const config = layer.getConfig() as Record<string, unknown>;
  const snake = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      value,
    ]),
  );
  const size = (weights: { shape: (number | null)[] }[]) =>
    weights.reduce((sum, { shape }) => sum + shape.reduce<number>((a, b) => a * b!, 1), 0);
  const described: GoldenLayer = {
    name: layer.name,
    type: layer.getClassName(),
    from: layer.inboundNodes[0]!.inboundLayers.map(({ name }) => name),
    shape: (layer.outputShape as number[]).slice(1),
    weights: layer.weights.map(({ originalName, shape }) => [originalName.split('/')[1]!, shape as number[]]),
    trainable: size(layer.trainableWeights),
    fixed: size(layer.nonTrainableWeights),
  };
  for (const key of Object.keys(like)) {
    if (key in described || key === 'zeroPadding') continue;
    described[key] = snake[key];
  }
  return described;
}

const runs = hasShared('goldens/networks', 'mobilenet_v1_0.75_224');

describe.skipIf(!runs)('mobilenet', () => {
  it.each([0.25, 0.75])('has the layers of keras.applications at alpha %d', (alpha) => {
    const table = golden<Record<string, { parameters: number; layers: GoldenLayer[] }>>(
      `networks/mobilenet_${alpha}.layers.json.gz`,
    )['224']!;
    const model = networks.mobilenet.build(tf, { height: 224, width: 224, alpha, seed: 1 });
    const expected = table.layers.map(({ zeroPadding: _, ...layer }) => layer);
    expect(model.layers.map((layer, index) => describeLayer(layer, table.layers[index]!))).toEqual(expected);
    expect(model.countParams()).toBe(table.parameters);
    expect(model.layers.at(-1)!.name).toBe(networks.mobilenet.featureLayer);
    expect(networks.mobilenet.featureLength(alpha)).toBe(table.layers.at(-1)!.shape.at(-1));
    model.dispose();
  });

  it.each([0.25, 0.75])('computes what Keras computes at alpha %d', (alpha) => {
    const file = `networks/mobilenet_${alpha}.outputs.json.gz`;
    const outputs = golden<{
      input: { file: string; shape: [number, number, number, number] };
      layers: { name: string; shape: number[]; std: number; step: number; values: number[] }[];
      gap: number[][];
    }>(file);
    const { shape } = outputs.input;
    const model = networks.mobilenet.build(tf, { height: shape[1], width: shape[2], alpha, seed: 1 });
    const weights = modelWeights(model).map(
      ({ name, variable }) => [name, variable.shape as number[]] as const,
    );
    assignWeights(tf, model, formulaWeights(weights));
    const bytes = readFileSync(`${shared}/goldens/networks/${outputs.input.file}`);
    const probe = tf.model({
      inputs: model.inputs,
      outputs: outputs.layers.map(({ name }) => model.getLayer(name).output as (typeof model.inputs)[0]),
    });
    tf.tidy(() => {
      const input = tf.tensor(Float32Array.from(bytes), shape).div(127.5).sub(1);
      const found = probe.predict(input) as ReturnType<Tf['tensor']>[];
      for (const [index, layer] of outputs.layers.entries()) {
        expect(found[index]!.shape).toEqual(layer.shape);
        const values = found[index]!.dataSync();
        for (const [k, value] of layer.values.entries()) {
          const difference = Math.abs(values[k * layer.step]! - value);
          expect(difference, `${layer.name} ${k}`).toBeLessThan(1e-4 * layer.std);
        }
      }
      const gap = found.at(-1)!.mean([1, 2]).arraySync() as number[][];
      for (const [row, values] of outputs.gap.entries()) {
        for (const [k, value] of values.entries()) expect(gap[row]![k]).toBeCloseTo(value, 4);
      }
    });
    model.dispose();
  });

  it('gives the pooled features and the classes of the real weights', async () => {
    const expected = golden<{ inputs: string[]; top5: [number, number][][]; gap: number[][] }>(
      'pretrained.json.gz',
    );
    const pretrained = await readPretrained(`${shared}/mobilenet_v1_0.75_224`, networks.mobilenet);
    expect(pretrained.alpha).toBe(0.75);
    const base = networks.mobilenet.build(tf, { height: 224, width: 224, alpha: pretrained.alpha, seed: 1 });
    assignWeights(tf, base, pretrained.weights, networks.mobilenet.top);
    const pixels = await Promise.all(
      expected.inputs.map((file) => sharp(`${shared}/goldens/${file}`).removeAlpha().raw().toBuffer()),
    );
    tf.tidy(() => {
      const input = tf.tensor(Float32Array.from(Buffer.concat(pixels)), [pixels.length, 224, 224, 3]);
      const features = (base.predict(input.div(127.5).sub(1)) as typeof input).mean([1, 2]);
      const top = (name: string) => pretrained.weights.get(`conv_preds/${name}`)!.values;
      const logits = features
        .matMul(tf.tensor(top('kernel'), [768, 1000]))
        .add(tf.tensor(top('bias'), [1000]));
      const probabilities = logits.softmax().arraySync() as number[][];
      const gap = features.arraySync() as number[][];
      for (const [row, values] of expected.gap.entries()) {
        for (const [k, value] of values.entries()) expect(Math.abs(gap[row]![k]! - value)).toBeLessThan(1e-4);
        const order = probabilities[row]!.map((p, index) => [index, p] as const).sort((a, b) => b[1] - a[1]);
        expect(order.slice(0, 5).map(([index]) => index)).toEqual(
          expected.top5[row]!.map(([index]) => index),
        );
        for (const [rank, [, p]] of expected.top5[row]!.entries()) {
          expect(Math.abs(order[rank]![1] - p)).toBeLessThan(1e-4);
        }
      }
    });
    base.dispose();
  });
});

describe('small-cnn', () => {
  it.each([8, 13, 64])('ends in its features at %d pixels', (size) => {
    const network = networks['small-cnn'];
    const model = network.build(tf, { height: size, width: size, alpha: 0.5, seed: 1 });
    expect(model.layers.at(-1)!.name).toBe(network.featureLayer);
    expect(model.outputShape.at(-1)).toBe(network.featureLength(0.5));
    const output = tf.tidy(
      () => (model.predict(tf.ones([2, size, size, 3])) as ReturnType<Tf['tensor']>).shape,
    );
    expect(output[0]).toBe(2);
    model.dispose();
  });

  it('draws its weights from the seed and the layer’s name', () => {
    const weights = (seed: number) => {
      const model = networks['small-cnn'].build(tf, { height: 8, width: 8, seed });
      const values = modelWeights(model).map(({ variable }) => Array.from(variable.read().dataSync()));
      model.dispose();
      return values;
    };
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it('leaves no tensor behind when it is disposed', () => {
    const before = tf.memory().numTensors;
    networks['small-cnn'].build(tf, { height: 8, width: 8, seed: 1 }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.skipIf(!runs)('the goldens’ weight formula', () => {
  it('is the one that the goldens were made with', () => {
    const vectors = golden<{ unit: { seed: number; first: number[] } }>('weights.json');
    expect(Array.from(unit(vectors.unit.seed, vectors.unit.first.length))).toEqual(vectors.unit.first);
  });
});
