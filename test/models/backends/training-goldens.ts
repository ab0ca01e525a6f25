import type { LayersModel, SymbolicTensor, Tensor, Variable } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { sampleWeights } from '#src/models/batch-loss.js';
import { cutModel } from '#src/models/cut.js';
import { crossEntropy, l2Penalty } from '#src/models/loss.js';
import { createOptimizer, type OptimizerRecipe } from '#src/models/optimizers.js';
import { modelWeights } from '#src/models/weights/named.js';
import { formulaWeight, golden, hasShared, unit } from '../goldens.js';
import { valuesOf } from './on.js';

interface Run {
  losses: number[];
  gradientsAtStep1: Record<string, number[]>;
  weightsAfter1: Record<string, number[]>;
  weightsAfter5: Record<string, number[]>;
  predictionsAfter5: number[];
}

interface Training {
  labels: number[];
  networks: Record<'cnn' | 'vgg', { runs: Record<string, Run> }>;
}

/** How a golden run was trained. */
interface Regime extends OptimizerRecipe {
  learningRate: number;
  /** Of weights and predictions. */
  tolerance: number;
  smoothing?: number;
  classWeights?: readonly number[];
  /** Index of the first trained layer. */
  first?: number;
  batchNorm?: 'frozen';
}

const ADAM: Regime = { optimizer: 'adam', learningRate: 1e-3, tolerance: 1e-4 };
const SGD = { optimizer: 'sgd', momentum: 0.9, learningRate: 0.05, tolerance: 1e-5 } as const;
const OPTIMIZERS: Record<string, Regime> = {
  'adam lr 1e-3': ADAM,
  'adamw lr 1e-3 decay 4e-3': { ...ADAM, optimizer: 'adamw' },
  'sgd lr 0.05 momentum 0.9': SGD,
  'sgd lr 0.05 momentum 0.9 nesterov': { ...SGD, nesterov: true },
  'rmsprop lr 1e-3': { ...ADAM, optimizer: 'rmsprop' },
};
const RUNS: Record<'cnn' | 'vgg', Record<string, Regime>> = {
  cnn: {
    ...OPTIMIZERS,
    'adam, bn1 and bn2 frozen (trainable = false)': { ...ADAM, batchNorm: 'frozen' },
    'adam, one-hot, label smoothing 0.1': { ...ADAM, smoothing: 0.1 },
    'adam, class weights {0:1, 1:2, 2:0.5, 3:1.5}': { ...ADAM, classWeights: [1, 2, 0.5, 1.5] },
  },
  vgg: { ...OPTIMIZERS, 'adam, block1_conv1 frozen': { ...ADAM, first: 2 } },
};
/** In the goldens the hidden layer alone has a penalty. */
const L2 = { cnn: undefined, vgg: { layer: 'dense', factor: 1e-3 } } as const;

/** The golden `cnn`: convolution, batch norm with and without scale, depthwise convolution, both pools. */
function cnn({ layers }: Tf) {
  return [
    layers.conv2d({ name: 'conv1', filters: 8, kernelSize: 3, padding: 'same' }),
    layers.batchNormalization({ name: 'bn1', momentum: 0.99, epsilon: 1e-3 }),
    layers.reLU({ name: 'relu1' }),
    layers.maxPooling2d({ name: 'pool1', poolSize: 2 }),
    layers.depthwiseConv2d({ name: 'dw2', kernelSize: 3, padding: 'same', useBias: false }),
    layers.batchNormalization({ name: 'bn2', momentum: 0.99, epsilon: 1e-3, scale: false }),
    layers.reLU({ name: 'relu2', maxValue: 6 }),
    layers.averagePooling2d({ name: 'avg2', poolSize: 3, padding: 'same', strides: 1 }),
    layers.conv2d({ name: 'conv3', filters: 12, kernelSize: 3, strides: 2, activation: 'relu' }),
    layers.globalAveragePooling2d({ name: 'gap' }),
    layers.dense({ name: 'logits', units: 4 }),
  ];
}

/** The golden `vgg`: convolutions with relu, a hidden layer. */
function vgg({ layers }: Tf) {
  const convolution = (name: string, filters: number) =>
    layers.conv2d({ name, filters, kernelSize: 3, padding: 'same', activation: 'relu' });
  return [
    convolution('block1_conv1', 8),
    layers.maxPooling2d({ name: 'block1_pool', poolSize: 2 }),
    convolution('block5_conv1', 12),
    convolution('block5_conv2', 12),
    layers.maxPooling2d({ name: 'block5_pool', poolSize: 2 }),
    layers.globalAveragePooling2d({ name: 'gap' }),
    layers.dense({ name: 'dense', units: 16, activation: 'relu' }),
    layers.dense({ name: 'logits', units: 4 }),
  ];
}

/** A golden network with the goldens' weights. */
function build(tf: Tf, network: 'cnn' | 'vgg'): LayersModel {
  const input = tf.input({ shape: [12, 12, 3] });
  const stack = { cnn, vgg }[network](tf);
  const output = stack.reduce((x, layer) => layer.apply(x) as SymbolicTensor, input);
  const model = tf.model({ inputs: input, outputs: output });
  for (const { name, variable } of modelWeights(model)) {
    const shape = variable.shape as number[];
    const { values } = formulaWeight(name.replace('logits/', 'predictions/'), shape, name.startsWith('dw2'));
    tf.tidy(() => void variable.write(tf.tensor(values, shape)));
  }
  return model;
}

/** Keras's name of a weight: tfjs calls a depthwise kernel otherwise, and our last layer gives logits. */
const kerasName = (name: string) =>
  name.replace('depthwise_kernel', 'kernel').replace('logits/', 'predictions/');

async function weightsOf(model: LayersModel): Promise<Map<string, Float32Array>> {
  const weights = modelWeights(model);
  const values = await Promise.all(weights.map(({ variable }) => variable.read().data<'float32'>()));
  return new Map(weights.map(({ name }, index) => [kerasName(name), values[index]!.slice()]));
}

/** All within `tolerance` of what Keras gives. */
function expectNear(
  found: Float32Array | undefined,
  expected: readonly number[],
  tolerance: number,
  what: string,
) {
  expect(found, what).toHaveLength(expected.length);
  const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - found![at]!)), 0);
  expect(worst, what).toBeLessThan(tolerance);
}

/** Five steps of training on a backend, by each optimiser and regime, against Keras's. */
export function trainingGoldens(backend: () => Tf): void {
  const cases = (['cnn', 'vgg'] as const).flatMap((network) =>
    Object.entries(RUNS[network]).map(([run, regime]) => ({ network, run, regime })),
  );
  describe.skipIf(!hasShared('goldens/training.json.gz'))('five steps of training, as Keras’s', () => {
    it('are all that there are', () => {
      const { networks } = golden<Training>('training.json.gz');
      const named = Object.entries(networks).map(([network, { runs }]) => [
        network,
        Object.keys(runs).sort(),
      ]);
      expect(named).toEqual(
        Object.entries(RUNS).map(([network, runs]) => [network, Object.keys(runs).sort()]),
      );
    });

    it.each(cases)('$network: $run', async ({ network, run, regime }) => {
      const { learningRate, tolerance, smoothing = 0, classWeights, first = 0, batchNorm } = regime;
      const tf = backend();
      const { labels, networks } = golden<Training>('training.json.gz');
      const expected = networks[network].runs[run]!;
      const before = tf.memory().numTensors;
      const model = build(tf, network);
      const frozen = new Set(model.layers.slice(0, first).map(({ name }) => name));
      const cut = cutModel(tf, model, frozen, batchNorm);
      const names = new Map(
        modelWeights(model).map(({ name, variable }) => [(variable.read() as Variable).name, name]),
      );
      const { variables } = cut;
      const steps = createOptimizer(tf, regime, variables);
      const pixels = tf.tensor(Float32Array.from(unit(1, 8 * 12 * 12 * 3)), [8, 12, 12, 3]);
      const weights =
        classWeights && sampleWeights({ labels: Int32Array.from(labels) }, Float32Array.from(classWeights));
      const l2 = L2[network];
      const kernels = l2 ? [model.getLayer(l2.layer).trainableWeights[0]!.read()] : [];
      for (let step = 0; step < 5; step++) {
        const [loss, ...gradients] = await valuesOf(tf, () => {
          const { value, grads } = tf.variableGrads(() => {
            const [logits] = cut.above(cut.below(pixels), { dropoutSeed: 0 });
            const entropy = crossEntropy(tf, logits!, labels, smoothing, undefined, weights);
            return l2 === undefined ? entropy : entropy.add(l2Penalty(tf, kernels, l2.factor));
          }, variables as Variable[]);
          const ordered = variables.map(({ name }) => grads[name] as Tensor);
          steps.apply(ordered, learningRate);
          return [value, ...ordered];
        });
        expect(Math.abs(loss![0]! - expected.losses[step]!), `loss ${step}`).toBeLessThan(1e-5);
        // The goldens' gradients under class weights are those without: there the weights after the steps tell.
        if (step === 0 && weights === undefined) {
          expect(variables).toHaveLength(Object.keys(expected.gradientsAtStep1).length);
          for (const [index, { name }] of variables.entries()) {
            const key = kerasName(names.get(name)!);
            expectNear(gradients[index], expected.gradientsAtStep1[key]!, 1e-5, `gradient of ${key}`);
          }
        }
        if (step !== 0 && step !== 4) continue;
        const found = await weightsOf(model);
        expect(found.size).toBe(Object.keys(expected.weightsAfter5).length);
        // A bias before a trained batch norm has no gradient but rounding's, which Adam makes as large as any other.
        if (regime.optimizer.startsWith('adam') && batchNorm === undefined) found.delete('conv1/bias');
        for (const [key, values] of Object.entries(
          step === 0 ? expected.weightsAfter1 : expected.weightsAfter5,
        )) {
          if (found.has(key)) expectNear(found.get(key), values, tolerance, `${key} after ${step + 1}`);
        }
      }
      const [probabilities] = await valuesOf(tf, () => [tf.softmax(cut.above(cut.below(pixels))[0]!)]);
      expectNear(probabilities, expected.predictionsAfter5, tolerance, 'predictions after 5');
      steps.dispose();
      model.dispose();
      pixels.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
