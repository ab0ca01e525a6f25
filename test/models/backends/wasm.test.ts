import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { networks } from '#src/models/networks/index.js';
import { uniform } from '#src/random.js';
import { golden, hasShared, unit } from '../goldens.js';

let backend: StartedBackend;
let tf: Tf;
beforeAll(async () => {
  backend = await startBackend('wasm');
  tf = backend.tf;
});
afterAll(() => backend.stop());

interface Case {
  op: string;
  inputs: { shape: number[]; values: number[] }[];
  output: { shape: number[]; values: number[] };
  gradients: number[][];
}

type Op = (...inputs: Tensor[]) => Tensor;

/** The op that a golden case names; undefined for those that need no kernel of ours. */
function opOf(name: string): Op | undefined {
  const [, kind, size, stride, pad] =
    /^(conv2d|depthwise|maxpool|avgpool)(?: kernel)? (\d) stride (\d) (same|valid)/.exec(name) ?? [];
  const strides = Number(stride);
  const padding = pad as 'same' | 'valid';
  switch (kind) {
    case 'conv2d':
      return (x, filter) => tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, padding);
    case 'depthwise':
      return (x, filter) => tf.depthwiseConv2d(x as Tensor4D, filter as Tensor4D, strides, padding);
    case 'maxpool':
      return (x) => tf.maxPool(x as Tensor4D, Number(size), strides, padding);
    case 'avgpool':
      return (x) => tf.avgPool(x as Tensor4D, Number(size), strides, padding);
    default:
      return undefined;
  }
}

function gradientsOf(op: Op, inputs: Tensor[], upstream: Tensor): Float32Array[] {
  return tf.tidy(() =>
    tf
      .grads(op)(inputs, upstream)
      .map((gradient) => gradient.dataSync<'float32'>().slice()),
  );
}

/** Largest difference, relative to the largest value and at least to 1. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  let largest = 0;
  let scale = 1;
  for (let at = 0; at < expected.length; at++) {
    largest = Math.max(largest, Math.abs(found[at]! - expected[at]!));
    scale = Math.max(scale, Math.abs(expected[at]!));
  }
  return largest / scale;
}

const runs = hasShared('goldens/gradients.json.gz');

describe.skipIf(!runs)('gradients of single ops, as TensorFlow’s', () => {
  const cases = runs ? golden<{ cases: Case[] }>('gradients.json.gz').cases : [];
  const covered = cases.filter(({ op }) => /^(conv2d|depthwise|maxpool|avgpool)/.test(op));
  it('covers convolutions and pools', () => expect(covered.length).toBe(40));

  it.each(covered)('$op', ({ op, inputs, output, gradients }) => {
    const run = opOf(op)!;
    const tensors = inputs.map(({ shape, values }) => tf.tensor(values, shape));
    const result = run(...tensors);
    expect(difference(result.dataSync(), output.values)).toBeLessThan(1e-5);
    const size = output.values.length;
    const upstream = tf.tensor(
      Float32Array.from(unit(77, size), (value) => value - 0.5),
      output.shape,
    );
    for (const [index, found] of gradientsOf(run, tensors, upstream).entries()) {
      expect(difference(found, gradients[index]!)).toBeLessThan(1e-5);
    }
  });
});

describe('gradients of convolutions, as the cpu backend’s', () => {
  const values = (seed: number, size: number) =>
    Float32Array.from({ length: size }, (_, index) => 2 * uniform(seed, index) - 1);

  it('for any shape, stride, padding and multiplier', async () => {
    const shapes = fc.record({
      seed: fc.integer(),
      batch: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 3, max: 9 }),
      width: fc.integer({ min: 3, max: 9 }),
      channels: fc.integer({ min: 1, max: 5 }),
      out: fc.integer({ min: 1, max: 5 }),
      kernel: fc.constantFrom([1, 1], [3, 3], [2, 3], [3, 1]),
      strides: fc.constantFrom(1, 2, 3),
      pad: fc.constantFrom('same' as const, 'valid' as const),
      depthwise: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const { seed, batch, height, width, channels, out, kernel, strides, pad, depthwise } = shape;
        const inputShape = [batch, height, width, channels];
        const filterShape = [...kernel, channels, out];
        const op: Op = depthwise
          ? (x, filter) => tf.depthwiseConv2d(x as Tensor4D, filter as Tensor4D, strides, pad)
          : (x, filter) => tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, pad);
        const size = (dimensions: number[]) => dimensions.reduce((a, b) => a * b, 1);
        const found: Float32Array[][] = [];
        for (const name of ['cpu', 'wasm']) {
          await tf.setBackend(name);
          const tensors = [inputShape, filterShape].map((dimensions, index) =>
            tf.tensor(values(seed + index, size(dimensions)), dimensions),
          );
          const result = op(...tensors);
          const upstream = tf.tensor(values(seed + 9, result.size), result.shape);
          found.push(gradientsOf(op, tensors, upstream));
          tf.dispose([...tensors, result, upstream]);
        }
        for (const [index, expected] of found[0]!.entries()) {
          expect(difference(found[1]![index]!, expected)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});

describe('maximum pooling', () => {
  it('sends the gradient of equal values to the first of them', () => {
    const x = tf.zeros([1, 2, 4, 1]) as Tensor4D;
    const gradient = tf.grad((input) => tf.maxPool(input as Tensor4D, 2, 2, 'valid'))(
      x,
      tf.tensor4d([3, 5], [1, 1, 2, 1]),
    );
    expect([...gradient.dataSync()]).toEqual([3, 0, 5, 0, 0, 0, 0, 0]);
  });

  it('agrees with finite differences where every value is negative', () => {
    const values = Float32Array.from({ length: 2 * 5 * 5 * 3 }, (_, index) => -1 - uniform(3, index));
    const x = tf.tensor4d(values, [2, 5, 5, 3]);
    const loss = (input: Tensor) =>
      tf
        .maxPool(input as Tensor4D, 3, 2, 'same')
        .square()
        .sum();
    const gradient = tf.grad(loss)(x).dataSync();
    const step = 1e-2;
    for (const at of [0, 7, 31, 74, 149]) {
      const moved = (by: number) => {
        const copy = values.slice();
        copy[at]! += by;
        return loss(tf.tensor4d(copy, [2, 5, 5, 3])).dataSync()[0]!;
      };
      const expected = (moved(step) - moved(-step)) / (2 * step);
      // Where another value of the window is closer than the step, the function has a corner in between.
      if (gradient[at] === 0 || Math.abs(expected - gradient[at]!) > 0.5) continue;
      expect(gradient[at]).toBeCloseTo(expected, 1);
    }
  });
});

it('sums rows by segment, leaving out those with none', () => {
  const rows = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
  const sums = tf.unsortedSegmentSum(rows, tf.tensor1d([2, 0, 2, -1], 'int32'), 3);
  expect(sums.arraySync()).toEqual([
    [3, 4],
    [0, 0],
    [6, 8],
  ]);
});

describe('training a whole network', () => {
  it.each(['small-cnn', 'mobilenet'] as const)('gives %s the gradients of the cpu backend', async (name) => {
    const found: Map<string, Float32Array>[] = [];
    for (const engine of ['cpu', 'wasm']) {
      await tf.setBackend(engine);
      const model = networks[name].build(tf, { height: 32, width: 32, alpha: 0.25, seed: 7 });
      const x = tf.tensor4d(
        Float32Array.from({ length: 2 * 32 * 32 * 3 }, (_, index) => uniform(1, index)),
        [2, 32, 32, 3],
      );
      const { value, grads } = tf.variableGrads(() => (model.apply(x) as Tensor).square().mean().asScalar());
      expect(Number.isFinite(value.dataSync()[0])).toBe(true);
      const named = model.trainableWeights.map(
        (weight) =>
          [
            weight.originalName,
            grads[(weight.read() as Tensor & { name: string }).name]!.dataSync().slice(),
          ] as const,
      );
      found.push(new Map(named as [string, Float32Array][]));
      model.dispose();
    }
    const [expected, actual] = found;
    expect(expected!.size).toBeGreaterThan(7);
    for (const [weight, gradient] of expected!)
      expect(difference(actual!.get(weight)!, gradient)).toBeLessThan(1e-5);
  });
});

it('leaks nothing over training steps', async () => {
  await tf.setBackend('wasm');
  const model = networks['small-cnn'].build(tf, { height: 16, width: 16, alpha: 0.25, seed: 7 });
  const step = () =>
    tf.tidy(() => {
      const x = tf.ones([2, 16, 16, 3]);
      tf.variableGrads(() => (model.apply(x) as Tensor).mean().asScalar());
    });
  step();
  const { numTensors, numDataBuffers } = tf.memory();
  for (let repeat = 0; repeat < 5; repeat++) step();
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
  model.dispose();
});
