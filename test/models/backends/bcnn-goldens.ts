import type { LayersModel, SymbolicTensor, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { batchLoss } from '#src/models/batch-loss.js';
import { cutModel } from '#src/models/cut.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { modelWeights } from '#src/models/weights/named.js';
import { formulaWeight, golden, hasShared, unit } from '../goldens.js';
import { expectClose, valuesOf } from './on.js';

interface Bcnn {
  fineToMiddle: number[];
  middleToCoarse: number[];
  labels: number[];
  /** Of the coarse, the middle and the fine output. */
  outputsBefore: number[][];
  steps: { lossWeights: number[]; losses: number[]; total: number; weights: Record<string, number[]> }[];
}

/** The golden B-CNN: a branch after each of the first two blocks. */
function build(tf: Tf): LayersModel {
  const { layers } = tf;
  const apply = (x: SymbolicTensor, ...stack: { apply(x: SymbolicTensor): unknown }[]) =>
    stack.reduce((input, layer) => layer.apply(input) as SymbolicTensor, x);
  const convolution = (name: string, filters: number) =>
    layers.conv2d({ name, filters, kernelSize: 3, padding: 'same', activation: 'relu' });
  const head = (pool: string, name: string, units: number) =>
    [layers.globalAveragePooling2d({ name: pool }), layers.dense({ name, units })] as const;
  const input = tf.input({ shape: [12, 12, 3] });
  const pool = (name: string) => layers.maxPooling2d({ name, poolSize: 2 });
  const first = apply(input, convolution('block1_conv1', 8), pool('block1_pool'));
  const second = apply(first, convolution('block2_conv1', 12), pool('block2_pool'));
  const third = apply(second, convolution('block3_conv1', 16));
  const outputs = [
    apply(first, ...head('c1_gap', 'coarse', 2)),
    apply(second, ...head('c2_gap', 'middle', 3)),
    apply(third, ...head('gap', 'fine', 4)),
  ];
  const model = tf.model({ inputs: input, outputs });
  for (const { name, variable } of modelWeights(model)) {
    const shape = variable.shape as number[];
    tf.tidy(() => void variable.write(tf.tensor(formulaWeight(name, shape).values, shape)));
  }
  return model;
}

/** Four steps of a B-CNN under changing weights of its losses, against Keras's. */
export function bcnnGoldens(backend: () => Tf): void {
  describe.skipIf(!hasShared('goldens/bcnn.json.gz'))('a B-CNN', () => {
    it('gives and trains as Keras’s', async () => {
      const tf = backend();
      const { fineToMiddle, middleToCoarse, labels, outputsBefore, steps } = golden<Bcnn>('bcnn.json.gz');
      const before = tf.memory().numTensors;
      const model = build(tf);
      const cut = cutModel(tf, model, new Set());
      const variables = cut.variables as Variable[];
      const recipe = { optimizer: 'sgd', momentum: 0.9 } as const;
      const optimizer = createOptimizer(tf, recipe, variables);
      const pixels = tf.tensor(Float32Array.from(unit(1, 8 * 12 * 12 * 3)), [8, 12, 12, 3]);
      const outputs = () => cut.above(cut.below(pixels));

      const found = await valuesOf(tf, () => outputs().map((logits) => tf.softmax(logits)));
      for (const [index, expected] of outputsBefore.entries()) {
        expectClose(found[index]!, expected, 1e-5, `output ${index}`);
      }
      const fineToCoarse = fineToMiddle.map((middle) => middleToCoarse[middle]!);
      const tables = [{ of: fineToCoarse }, { of: fineToMiddle }, {}];
      const batch = { labels: Int32Array.from(labels) };
      for (const [step, { lossWeights, losses, total, weights }] of steps.entries()) {
        const lossBy = (by: readonly number[]) =>
          batchLoss(
            { tf, objectives: tables.map((table, i) => ({ ...table, weight: by[i]! })), labelSmoothing: 0 },
            batch,
          );
        const alone = await valuesOf(tf, () =>
          [0, 1, 2].map((own) => lossBy([0, 1, 2].map((i) => Number(i === own)))(outputs())),
        );
        for (const [index, expected] of losses.entries()) {
          expectClose(alone[index]!, [expected], 1e-5, `loss ${index} of step ${step}`);
        }
        const [loss] = await valuesOf(tf, () => {
          const lossOf = lossBy(lossWeights);
          const { value, grads } = tf.variableGrads(
            () => lossOf(cut.above(cut.below(pixels), { dropoutSeed: 0 }) as Tensor2D[]),
            variables,
          );
          optimizer.apply(
            variables.map(({ name }) => grads[name] as Tensor),
            0.05,
          );
          return [value];
        });
        expectClose(loss!, [total], 1e-5, `loss of step ${step}`);
        expect(modelWeights(model)).toHaveLength(Object.keys(weights).length);
        for (const { name, variable } of modelWeights(model)) {
          const values = await variable.read().data<'float32'>();
          expectClose(values.slice(), weights[name]!, 1e-5, `${name} after step ${step}`);
        }
      }
      optimizer.dispose();
      model.dispose();
      pixels.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
