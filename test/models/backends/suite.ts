import type {
  LayersModel,
  SymbolicTensor,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor4D,
  Variable,
} from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendName, StartedBackend, StartOptions, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { cutModel } from '#src/models/cut.js';
import { crossEntropy } from '#src/models/loss.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { modelWeights } from '#src/models/weights/named.js';
import type { PhaseRecipe } from '#src/recipe.js';
import { formulaWeight, golden, hasShared, unit } from '../goldens.js';
import { expectClose, valuesOf } from './on.js';

interface Case {
  op: string;
  inputs: { shape: number[]; values: number[] }[];
  output: { shape: number[]; values: number[] };
  gradients: number[][];
}

/** The computation that a golden's name describes. */
function operation(tf: Tf, op: string): ((...inputs: Tensor[]) => Tensor) | undefined {
  const words = /^(conv2d|depthwise|maxpool|avgpool) (?:kernel )?(\d) stride (\d) (same|valid)/.exec(op);
  if (words) {
    const [size, stride] = [Number(words[2]), Number(words[3])];
    const pad = words[4] as 'same' | 'valid';
    const kinds: Record<string, (x: Tensor4D, w: Tensor4D) => Tensor> = {
      conv2d: (x, w) => tf.conv2d(x, w, stride, pad),
      depthwise: (x, w) => tf.depthwiseConv2d(x, w, stride, pad),
      maxpool: (x) => tf.maxPool(x, size, stride, pad),
      avgpool: (x) => tf.avgPool(x, size, stride, pad),
    };
    return (x, w) => kinds[words[1]!]!(x as Tensor4D, w as Tensor4D);
  }
  const others: Record<string, (...inputs: Tensor[]) => Tensor> = {
    'batch norm, training, epsilon 1e-3': (x, gamma, beta) => {
      const { mean, variance } = tf.moments(x!, [0, 1, 2]);
      return tf.batchNorm(
        x!,
        mean as Tensor1D,
        variance as Tensor1D,
        beta as Tensor1D,
        gamma as Tensor1D,
        1e-3,
      );
    },
    dense: (x, w, b) => tf.matMul(x as Tensor2D, w as Tensor2D).add(b!),
    'global average pooling': (x) => x!.mean([1, 2]),
    'concat channels': (a, b) => tf.concat([a!, b!], -1),
    // Its golden spreads the input over both corners.
    relu6: (x) => tf.relu6(x!.mul(8)),
    'l2 normalise': (x) => x!.div(x!.square().sum(-1, true).sqrt()),
  };
  return others[op];
}

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
function cnn(tf: Tf): LayersModel {
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

const OPTIMIZERS: [string, PhaseRecipe['optimizer'], number, number, number][] = [
  ['adam lr 1e-3', 'adam', 1e-3, 0, 1e-4],
  ['adamw lr 1e-3 decay 4e-3', 'adamw', 1e-3, 0, 1e-4],
  ['sgd lr 0.05 momentum 0.9', 'momentum', 0.05, 0, 1e-5],
  ['sgd lr 0.05 momentum 0.9 nesterov', 'nesterov', 0.05, 0, 1e-5],
  ['rmsprop lr 1e-3', 'rmsprop', 1e-3, 0, 1e-4],
  ['adam, one-hot, label smoothing 0.1', 'adam', 1e-3, 0.1, 1e-4],
];

/**
 * What every backend that trains must get right: values and gradients of the networks' operations, and five steps of
 * training by each optimiser, against float64 TensorFlow's and Keras's.
 * @param prepare called once the backend has started.
 */
export function backendSuite(
  name: BackendName,
  prepare: (tf: Tf) => void = () => {},
  options: StartOptions = {},
): void {
  let started: StartedBackend;
  let tf: Tf;
  beforeAll(async () => {
    started = await startBackend(name, options);
    tf = started.tf;
    prepare(tf);
  });
  afterAll(() => started?.stop());

  const cases = hasShared('goldens/gradients.json.gz')
    ? golden<{ cases: Case[] }>('gradients.json.gz').cases
    : [];
  describe.skipIf(cases.length === 0)("TensorFlow's gradients", () => {
    it.each(cases.map((one) => [one.op, one] as const))(
      'of %s',
      async (op, { inputs, output, gradients }) => {
        const f = operation(tf, op);
        // Not a layer's: the loss has its own test, and photos are resized before they become tensors.
        if (f === undefined) {
          expect(op).toMatch(/cross-entropy|resize/);
          return;
        }
        const results = await valuesOf(tf, () => {
          const tensors = inputs.map(({ shape, values }) => tf.tensor(values, shape));
          const { length } = output.values;
          const upstream = tf.tensor(Float32Array.from(unit(77, length)), output.shape).sub(0.5);
          return [f(...tensors), ...tf.grads(f)(tensors, upstream)];
        });
        for (const [index, expected] of [output.values, ...gradients].entries()) {
          expectClose(results[index]!, expected, 1e-5, index === 0 ? 'output' : `gradient ${index}`);
        }
      },
    );
  });

  describe.skipIf(!hasShared('goldens/training.json.gz'))('five steps of training, as Keras’s', () => {
    it.each(OPTIMIZERS)('%s', async (run, optimizer, learningRate, smoothing, tolerance) => {
      const { labels, networks } = golden<Training>('training.json.gz');
      const expected = networks.cnn.runs[run]!;
      const before = tf.memory().numTensors;
      const model = cnn(tf);
      const cut = cutModel(tf, model, 0);
      const trained = modelWeights(model).filter(
        ({ name: weight, variable }) => variable.trainable && weight !== 'bn2/gamma',
      );
      const variables = trained.map(({ variable }) => variable.read() as Variable);
      const steps = createOptimizer(tf, { optimizer, learningRate }, variables);
      const pixels = tf.tensor(Float32Array.from(unit(1, 8 * 12 * 12 * 3)), [8, 12, 12, 3]);
      const targets = tf.tensor1d(labels, 'int32');
      for (let step = 0; step < 5; step++) {
        const [loss, ...gradients] = await valuesOf(tf, () => {
          const { value, grads } = tf.variableGrads(
            () => crossEntropy(tf, cut.above(cut.below(pixels), { dropoutSeed: 0 }), targets, smoothing),
            variables,
          );
          const ordered = variables.map(({ name: key }) => grads[key] as Tensor);
          steps.apply(ordered);
          return [value, ...ordered];
        });
        expect(Math.abs(loss![0]! - expected.losses[step]!), `loss ${step}`).toBeLessThan(1e-5);
        if (step === 0) {
          for (const [index, { name: weight }] of trained.entries()) {
            const key = kerasName(weight);
            expectNear(gradients[index], expected.gradientsAtStep1[key]!, 1e-5, `gradient of ${key}`);
          }
        }
        if (step !== 0 && step !== 4) continue;
        const weights = await weightsOf(model);
        expect(weights.size).toBe(15);
        // A bias before a batch norm has no gradient but rounding's, which Adam makes as large as any other.
        if (optimizer.startsWith('adam')) weights.delete('conv1/bias');
        for (const [key, values] of Object.entries(
          step === 0 ? expected.weightsAfter1 : expected.weightsAfter5,
        )) {
          if (weights.has(key)) expectNear(weights.get(key), values, tolerance, `${key} after ${step + 1}`);
        }
      }
      steps.dispose();
      model.dispose();
      tf.dispose([pixels, targets]);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
