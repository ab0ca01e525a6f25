import type { LayersModel, SymbolicTensor, Tensor, Variable } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { cutModel } from '#src/models/cut.js';
import { crossEntropy } from '#src/models/loss.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { modelWeights } from '#src/models/weights/named.js';
import type { PhaseRecipe } from '#src/recipe.js';
import { formulaWeight, golden, hasShared, unit } from './goldens.js';

let backend: StartedBackend;
let tf: Tf;
beforeAll(async () => {
  backend = await startBackend('wasm');
  tf = backend.tf;
});
afterAll(() => backend.stop());

interface Run {
  losses: number[];
  gradientsAtStep1: Record<string, number[]>;
  weightsAfter1: Record<string, number[]>;
  weightsAfter5: Record<string, number[]>;
}

interface Training {
  labels: number[];
  networks: { cnn: { runs: Record<string, Run> } };
}

/** Keras's name of a weight: tfjs calls a depthwise kernel otherwise, and our last layer gives logits. */
const kerasName = (name: string) =>
  name.replace('depthwise_kernel', 'kernel').replace('logits/', 'predictions/');

/** The golden `cnn`: convolution, batch norm with and without scale, depthwise convolution, both pools. */
function cnn(): LayersModel {
  const { layers } = tf;
  const input = tf.input({ shape: [12, 12, 3] });
  const stack = [
    layers.conv2d({ name: 'conv1', filters: 8, kernelSize: 3, padding: 'same' }),
    layers.batchNormalization({ name: 'bn1', momentum: 0.99, epsilon: 1e-3 }),
    layers.reLU({ name: 'relu1' }),
    layers.maxPooling2d({ name: 'pool1', poolSize: 2 }),
    layers.depthwiseConv2d({ name: 'dw2', kernelSize: 3, padding: 'same', useBias: false }),
    // Without scale in Keras: tfjs cannot train that, so gamma is 1 and left alone.
    layers.batchNormalization({ name: 'bn2', momentum: 0.99, epsilon: 1e-3 }),
    layers.reLU({ name: 'relu2', maxValue: 6 }),
    layers.averagePooling2d({ name: 'avg2', poolSize: 3, padding: 'same', strides: 1 }),
    layers.conv2d({ name: 'conv3', filters: 12, kernelSize: 3, strides: 2, activation: 'relu' }),
    layers.globalAveragePooling2d({ name: 'gap' }),
    layers.dense({ name: 'logits', units: 4 }),
  ];
  const output = stack.reduce((x, layer) => layer.apply(x) as SymbolicTensor, input);
  const model = tf.model({ inputs: input, outputs: output });
  for (const { name, variable } of modelWeights(model)) {
    const shape = variable.shape as number[];
    const values =
      name === 'bn2/gamma'
        ? new Float32Array(8).fill(1)
        : formulaWeight(name.replace('logits/', 'predictions/'), shape, name.startsWith('dw2')).values;
    tf.tidy(() => void variable.write(tf.tensor(values, shape)));
  }
  return model;
}

const weightsOf = (model: LayersModel) =>
  new Map(
    modelWeights(model).map(({ name, variable }) => [kerasName(name), variable.read().dataSync().slice()]),
  );

function expectClose(
  found: ArrayLike<number> | undefined,
  expected: readonly number[],
  tolerance: number,
  what: string,
) {
  expect(found, what).toHaveLength(expected.length);
  const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - found![at]!)), 0);
  expect(worst, what).toBeLessThan(tolerance);
}

const runs = hasShared('goldens/training.json.gz');
const OPTIMIZERS: [string, PhaseRecipe['optimizer'], number, number, number][] = [
  ['adam lr 1e-3', 'adam', 1e-3, 0, 1e-4],
  ['adamw lr 1e-3 decay 4e-3', 'adamw', 1e-3, 0, 1e-4],
  ['sgd lr 0.05 momentum 0.9', 'momentum', 0.05, 0, 1e-5],
  ['sgd lr 0.05 momentum 0.9 nesterov', 'nesterov', 0.05, 0, 1e-5],
  ['rmsprop lr 1e-3', 'rmsprop', 1e-3, 0, 1e-4],
  ['adam, one-hot, label smoothing 0.1', 'adam', 1e-3, 0.1, 1e-4],
];

describe.skipIf(!runs)('five steps of training, as Keras’s', () => {
  it.each(OPTIMIZERS)('%s', (name, optimizer, learningRate, smoothing, tolerance) => {
    const { labels, networks } = golden<Training>('training.json.gz');
    const expected = networks.cnn.runs[name]!;
    const model = cnn();
    const cut = cutModel(tf, model, 0);
    const trained = modelWeights(model).filter(
      ({ name: weight, variable }) => variable.trainable && weight !== 'bn2/gamma',
    );
    const variables = trained.map(({ variable }) => variable.read() as Variable);
    const steps = createOptimizer(tf, { optimizer, learningRate }, variables);
    const pixels = tf.tensor(Float32Array.from(unit(1, 8 * 12 * 12 * 3)), [8, 12, 12, 3]);
    const targets = tf.tensor1d(labels, 'int32');
    for (let step = 0; step < 5; step++) {
      const { value, grads } = tf.variableGrads(
        () => crossEntropy(tf, cut.above(cut.below(pixels), { dropoutSeed: 0 }), targets, smoothing),
        variables,
      );
      expect(Math.abs(value.dataSync()[0]! - expected.losses[step]!), `loss ${step}`).toBeLessThan(1e-5);
      const gradients = variables.map(({ name: key }) => grads[key] as Tensor);
      if (step === 0) {
        for (const [index, { name: weight }] of trained.entries()) {
          const key = kerasName(weight);
          expectClose(
            gradients[index]!.dataSync(),
            expected.gradientsAtStep1[key]!,
            1e-5,
            `gradient of ${key}`,
          );
        }
      }
      steps.apply(gradients);
      tf.dispose([value, ...gradients]);
      if (step !== 0 && step !== 4) continue;
      const weights = weightsOf(model);
      expect(weights.size).toBe(15);
      // A bias before a batch norm has no gradient but rounding's, which Adam makes as large as any other.
      if (optimizer.startsWith('adam')) weights.delete('conv1/bias');
      for (const [key, values] of Object.entries(
        step === 0 ? expected.weightsAfter1 : expected.weightsAfter5,
      )) {
        if (weights.has(key)) expectClose(weights.get(key), values, tolerance, `${key} after ${step + 1}`);
      }
    }
    steps.dispose();
    model.dispose();
  });
});
