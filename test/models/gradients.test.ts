import type { LayersModel, SymbolicTensor, Tensor, Variable } from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { cutModel } from '#src/models/cut.js';
import { networks } from '#src/models/networks/index.js';
import { numbers } from './backends/on.js';
import { unit } from './goldens.js';

let started: StartedBackend;
let tf: Tf;
beforeAll(async () => {
  started = await startBackend('wasm');
  tf = started.tf;
});
afterAll(() => started.stop());

interface Case {
  name: keyof typeof networks;
  /** The block's last layer. */
  layer: string;
  size: number;
}

const BATCH = 2;

/** A network up to the end of a block, whose values are what `cutModel` takes for the logits. */
function block({ name, layer, size }: Case): LayersModel {
  const base = networks[name].build(tf, { height: size, width: size, alpha: 0.25, seed: 7 });
  const flat = tf.layers.flatten({ name: 'logits' }).apply(base.getLayer(layer).output) as SymbolicTensor;
  const model = tf.model({ inputs: base.inputs, outputs: flat });
  for (const above of base.layers) if (!model.layers.includes(above)) above.dispose();
  return model;
}

/**
 * A direction of length 1 in a variable's space, and how fast the loss has to grow along it: the gradient's own, and
 * that of some single values, for a gradient that misses some is right along itself.
 */
function* directions(gradient: Float32Array, seed: number): Generator<[Float32Array, number]> {
  const norm = lengthOf(gradient);
  if (norm > 0) yield [gradient.map((value) => value / norm), norm];
  for (const u of unit(seed, 3)) {
    const at = Math.floor(u * gradient.length);
    const direction = new Float32Array(gradient.length);
    direction[at] = 1;
    yield [direction, gradient[at]!];
  }
}

const lengthOf = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

/** A long one crosses the bends of relus and maxima, a short one drowns in float32's rounding: one of them has to fit. */
const STEPS = [5e-4, 1e-4, 2e-5];

// Batch norms take the batch's statistics, as in training.
it.each<Case>([
  { name: 'vgg16', layer: 'block2_pool', size: 10 },
  { name: 'resnet50', layer: 'conv2_block1_out', size: 24 },
  { name: 'inception_v3', layer: 'mixed0', size: 75 },
  { name: 'mobilenet', layer: 'conv_pw_2_relu', size: 24 },
])('the loss over $name’s $layer grows along its gradients as they say', async (test) => {
  const model = block(test);
  const cut = cutModel(tf, model, new Set());
  const { size } = test;
  const pixels = tf.tensor(numbers(1, [BATCH, size, size, 3]), [BATCH, size, size, 3]);
  const output = () => cut.above(cut.below(pixels), { dropoutSeed: 0 })[0]!;
  const values = () => tf.tidy(() => output().dataSync<'float32'>());
  const weights = numbers(2, [values().length]);
  const upstream = tf.tensor(weights, [BATCH, weights.length / BATCH]);
  // In float64: differences of it are what is looked at.
  const loss = () => values().reduce((sum, value, at) => sum + value * weights[at]!, 0);
  const gradients = tf.tidy(() => {
    const { grads } = tf.variableGrads(() => output().mul(upstream).sum().asScalar(), [...cut.variables]);
    return cut.variables.map(({ name }) => Float32Array.from((grads[name] as Tensor).dataSync()));
  });
  const largest = Math.max(...gradients.map(lengthOf));
  const shifted = (variable: Variable, from: Float32Array, direction: Float32Array, by: number): number => {
    const moved = from.map((value, at) => value + by * direction[at]!);
    tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
    return loss();
  };
  const wrong: string[] = [];
  for (const [index, variable] of cut.variables.entries()) {
    const from = Float32Array.from(variable.dataSync());
    for (const [direction, expected] of directions(gradients[index]!, index)) {
      const found: number[] = [];
      const most = 0.05 * (Math.abs(expected) + 5e-3 * largest);
      const fits = STEPS.some((step) => {
        const ahead = shifted(variable, from, direction, step);
        const slope = (ahead - shifted(variable, from, direction, -step)) / (2 * step);
        found.push(slope);
        return Math.abs(slope - expected) < most;
      });
      if (!fits) wrong.push(`${variable.name}: expected ${expected} but received ${found.join(', ')}`);
    }
    tf.tidy(() => variable.assign(tf.tensor(from, variable.shape)));
  }
  expect(cut.variables.length).toBeGreaterThan(3);
  expect(wrong).toEqual([]);
  tf.dispose([pixels, upstream]);
  model.dispose();
});
