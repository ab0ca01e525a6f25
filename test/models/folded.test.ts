import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { foldModel } from '#src/models/folded.js';
import { networks } from '#src/models/networks/index.js';
import { modelWeights } from '#src/models/weights/named.js';
import { uniform } from '#src/random.js';

let backend: StartedBackend;
let tf: Tf;
beforeAll(async () => {
  backend = await startBackend('wasm');
  tf = backend.tf;
});
afterAll(() => backend.stop());

/** Moving averages and scales that are not what a fresh network has, so that folding has something to do. */
function disturb(model: ReturnType<typeof build>) {
  for (const { name, variable } of modelWeights(model)) {
    if (!/gamma|beta|moving|bias/.test(name)) continue;
    const size = variable.shape.reduce<number>((product, length) => product * length!, 1);
    const low = /variance|gamma/.test(name) ? 0.5 : -0.2;
    const values = Float32Array.from({ length: size }, (_, index) => low + 0.5 * uniform(name, index));
    tf.tidy(() => void variable.write(tf.tensor(values, variable.shape as number[])));
  }
}

const build = (name: keyof typeof networks) =>
  networks[name].build(tf, { height: 64, width: 48, alpha: 0.25, seed: 3 });

const photo = () =>
  tf.tensor4d(
    Float32Array.from({ length: 2 * 64 * 48 * 3 }, (_, index) => 2 * uniform(4, index) - 1),
    [2, 64, 48, 3],
  );

function largestDifference(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().div(b.abs().max()).dataSync()[0]!;
}

describe.each(['mobilenet', 'small-cnn', 'vgg16'] as const)('%s folded', (name) => {
  it('gives what the model gives', () => {
    const model = build(name);
    disturb(model);
    const x = photo();
    const folded = foldModel(tf, model);
    const [found] = folded.run(x);
    const expected = model.predict(x) as Tensor;
    expect(found!.shape).toEqual(expected.shape);
    expect(largestDifference(found!, expected)).toBeLessThan(1e-5);
    folded.dispose();
    model.dispose();
  });
});

it('keeps branches: a layer that two read is not swallowed by one of them', () => {
  const input = tf.input({ shape: [8, 8, 3] });
  const convolution = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(input);
  const norm = tf.layers.batchNormalization({}).apply(convolution);
  const relu = tf.layers.reLU({}).apply(norm);
  const sum = tf.layers.add().apply([relu, convolution] as never);
  const model = tf.model({ inputs: input, outputs: sum as never });
  const x = tf.randomUniform([2, 8, 8, 3], -1, 1, 'float32', 5) as Tensor4D;
  const folded = foldModel(tf, model);
  expect(largestDifference(folded.run(x)[0]!, model.predict(x) as Tensor)).toBeLessThan(1e-5);
});

it('leaks nothing', () => {
  const model = build('mobilenet');
  const x = photo();
  const before = tf.memory().numTensors;
  const folded = foldModel(tf, model);
  tf.dispose(folded.run(x));
  folded.dispose();
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
