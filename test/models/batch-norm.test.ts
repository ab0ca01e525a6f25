import type { Tensor } from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { trainBatchNorm, unscaledBatchNorm } from '#src/models/batch-norm.js';
import { expectClose, numbers } from './backends/on.js';

let started: StartedBackend;
let tf: Tf;
beforeAll(async () => {
  started = await startBackend('wasm');
  tf = started.tf;
});
afterAll(() => started.stop());

const SHAPE = [2, 3, 4, 5];

/** A layer's output in training, its gradient and its moving averages after it. */
function trained(scale: boolean, ours: boolean) {
  const layer = tf.layers.batchNormalization({ axis: 3, momentum: 0.9, epsilon: 1e-3, scale });
  const x = tf.tensor(numbers(3, SHAPE, 6), SHAPE);
  layer.apply(tf.zeros(SHAPE), { training: false });
  const upstream = tf.tensor(numbers(4, SHAPE), SHAPE);
  const forward = (input: Tensor) =>
    ours ? unscaledBatchNorm(tf, layer, input, true)! : (layer.apply(input, { training: true }) as Tensor);
  const values = tf.tidy(() => {
    const y = forward(x);
    const dx = tf.grad((input) => forward(input as Tensor).mul(upstream))(x);
    return [y, dx, ...layer.nonTrainableWeights.map((weight) => weight.read())].map((tensor) =>
      Float32Array.from(tensor.dataSync()),
    );
  });
  layer.dispose();
  tf.dispose([x, upstream]);
  return values;
}

it('trains a layer without scale as one whose scale is 1', () => {
  const expected = trained(true, false);
  const found = trained(false, true);
  expect(found).toHaveLength(4);
  for (const [index, values] of expected.entries()) expectClose(found[index]!, values, 1e-5, String(index));
});

it('leaves a layer with scale to TensorFlow.js where the backend has no kernel of its own', () => {
  const layer = tf.layers.batchNormalization({ axis: 3 });
  tf.tidy(() => {
    const x = tf.ones(SHAPE);
    layer.apply(x, { training: false });
    expect(trainBatchNorm(tf, layer, x)).toBeUndefined();
    expect(unscaledBatchNorm(tf, layer, x, true)).toBeUndefined();
  });
});
