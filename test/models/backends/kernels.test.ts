import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { both, expectClose, numbers, on } from './on.js';

let tf: Tf;
beforeAll(async () => {
  tf = await both();
});

type Shape4 = [number, number, number, number];
type Geometry = { shape: Shape4; kernel: [number, number]; strides: [number, number]; pad: 'same' | 'valid' };

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const pair = (max: number) => fc.tuple(upTo(max), upTo(max));

/**
 * Images at least as large as the window, of any number of channels around the width of a vector. Strides are at most
 * the window's sides: the backend's own convolution goes wrong at 1 × n windows of stride 2 with `same` padding.
 */
const geometry: fc.Arbitrary<Geometry> = fc
  .tuple(pair(4), pair(2), upTo(3), pair(7), upTo(10), fc.constantFrom('same' as const, 'valid' as const))
  .map(([kernel, strides, batch, extra, channels, pad]) => ({
    shape: [batch, kernel[0] + extra[0] - 1, kernel[1] + extra[1] - 1, channels],
    kernel,
    strides: [Math.min(strides[0], kernel[0]), Math.min(strides[1], kernel[1])],
    pad,
  }));

const runs = { numRuns: 60, seed: 11 };

/** Gradients of a function at these inputs, weighted by fixed numbers, and its value. */
function gradients(f: (...inputs: Tensor[]) => Tensor, ...inputs: readonly [Float32Array, number[]][]) {
  return () => {
    const tensors = inputs.map(([values, shape]) => tf.tensor(values, shape));
    const value = f(...tensors);
    return [...tf.grads(f)(tensors, tf.tensor(numbers(77, value.shape), value.shape)), value];
  };
}

/** Whether the gradients on wasm are the ones of TensorFlow.js's plain JavaScript. */
async function expectSame(compute: () => Tensor[]): Promise<void> {
  const expected = await on(tf, 'cpu', compute);
  const actual = await on(tf, 'wasm', compute);
  for (const [index, values] of expected.entries())
    expectClose(actual[index]!, values, 1e-5, `result ${index}`);
}

describe('convolution gradients', () => {
  it('are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, upTo(19), async ({ shape, kernel, strides, pad }, filters) => {
        const filter = [...kernel, shape[3], filters];
        const convolve = (x: Tensor, w: Tensor) => tf.conv2d(x as Tensor4D, w as Tensor4D, strides, pad);
        await expectSame(gradients(convolve, [numbers(1, shape), shape], [numbers(2, filter), filter]));
      }),
      runs,
    );
  });

  it('of a number of padding, and of more padding than the filter covers', async () => {
    for (const [pad, kernel, strides] of [
      [1, 3, 1],
      [3, 7, 2],
      [2, 2, 1],
      [3, 2, 2],
    ] as const) {
      const shape = [2, 9, 8, 3];
      const filter = [kernel, kernel, 3, 5];
      const convolve = (x: Tensor, w: Tensor) =>
        tf.conv2d(x as Tensor4D, w as Tensor4D, strides, pad, 'NHWC', 1);
      await expectSame(gradients(convolve, [numbers(1, shape), shape], [numbers(2, filter), filter]));
    }
  });

  it('of many positions and channels, block by block', async () => {
    for (const [shape, filters, kernel] of [
      [[5, 40, 33, 6], 9, 1],
      [[1, 40, 50, 12], 20, 3],
    ] as const) {
      const filter = [kernel, kernel, shape[3], filters];
      const convolve = (x: Tensor, w: Tensor) => tf.conv2d(x as Tensor4D, w as Tensor4D, 1, 'same');
      const input = [...shape];
      await expectSame(gradients(convolve, [numbers(1, input, 1), input], [numbers(2, filter, 1), filter]));
    }
  });

  it('of depthwise ones are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, upTo(3), async ({ shape, kernel, strides, pad }, multiplier) => {
        // TensorFlow has one stride for both axes.
        const stride = Math.min(...strides);
        const filter = [...kernel, shape[3], multiplier];
        const convolve = (x: Tensor, w: Tensor) =>
          tf.depthwiseConv2d(x as Tensor4D, w as Tensor4D, stride, pad);
        await expectSame(gradients(convolve, [numbers(1, shape), shape], [numbers(2, filter), filter]));
      }),
      runs,
    );
  });
});

/** Calls `visit` with the pixels (flat, without channels) that each window of one image covers, row by row. */
function windows(
  { shape, kernel, strides, pad }: Geometry,
  visit: (window: number, pixels: number[]) => void,
) {
  const [, height, width] = shape;
  const axis = (size: number, filter: number, stride: number) => {
    const count = pad === 'same' ? Math.ceil(size / stride) : Math.floor((size - filter) / stride) + 1;
    const before = pad === 'same' ? Math.max(0, (count - 1) * stride + filter - size) >> 1 : 0;
    return Array.from({ length: count }, (_, at) =>
      Array.from({ length: filter }, (__, tap) => at * stride - before + tap).filter(
        (i) => i >= 0 && i < size,
      ),
    );
  };
  let window = 0;
  for (const ys of axis(height, kernel[0], strides[0])) {
    for (const xs of axis(width, kernel[1], strides[1])) {
      visit(
        window,
        ys.flatMap((y) => xs.map((x) => y * width + x)),
      );
      window += 1;
    }
  }
  return window;
}

describe('pooling gradients', () => {
  it('send the maximum to its first place, also among ties and where nothing is positive', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, fc.constantFrom(3, 1e6), async (given, levels) => {
        const { shape, kernel, strides, pad } = given;
        const [batch, height, width, channels] = shape;
        // Few levels tie often.
        const x = numbers(3, shape).map((value) => -Math.floor(((value + 1) / 2) * levels) / levels);
        const pool = (input: Tensor) => tf.maxPool(input as Tensor4D, kernel, strides, pad);
        const [dx, y] = await on(tf, 'wasm', gradients(pool, [x, shape]));
        const dy = numbers(77, [y!.length]);
        const expected = new Float32Array(x.length);
        for (let image = 0; image < batch; image += 1) {
          const pixels = image * height * width;
          const first = (image * y!.length) / batch / channels;
          windows(given, (window, covered) => {
            for (let channel = 0; channel < channels; channel += 1) {
              const places = covered.map((pixel) => (pixels + pixel) * channels + channel);
              const best = places.reduce((a, b) => (x[b]! > x[a]! ? b : a));
              expected[best]! += dy[(first + window) * channels + channel]!;
            }
          });
        }
        expectClose(dx!, expected);
      }),
      runs,
    );
  });

  it('share an average among the pixels that a window covers', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (given) => {
        const { shape, kernel, strides, pad } = given;
        const [batch, height, width, channels] = shape;
        const pool = (input: Tensor) => tf.avgPool(input as Tensor4D, kernel, strides, pad);
        const x = numbers(4, shape);
        const [dx, y] = await on(tf, 'wasm', gradients(pool, [x, shape]));
        // The average is linear: its gradient g fulfils Σ g·v = Σ dy·pool(v) for every v, here each pixel's own.
        const dy = numbers(77, [y!.length]);
        const expected = new Float32Array(x.length);
        for (let image = 0; image < batch; image += 1) {
          const first = (image * y!.length) / batch / channels;
          windows(given, (window, covered) => {
            for (let channel = 0; channel < channels; channel += 1) {
              const at = (first + window) * channels + channel;
              const places = covered.map((pixel) => (image * height * width + pixel) * channels + channel);
              expect(y![at]!).toBeCloseTo(
                places.reduce((sum, place) => sum + x[place]!, 0) / places.length,
                5,
              );
              for (const place of places) expected[place]! += dy[at]! / places.length;
            }
          });
        }
        expectClose(dx!, expected);
      }),
      runs,
    );
  });
});

describe('sums', () => {
  const shapes = fc.array(upTo(6), { minLength: 1, maxLength: 4 });

  it('and means over any axes are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(15), fc.boolean(), async (shape, bits, keepDims) => {
        const axes = shape.flatMap((_, axis) => (bits & (1 << axis) ? [axis] : []));
        const values = numbers(5, shape);
        await expectSame(() => {
          const x = tf.tensor(values, shape);
          return [
            x.sum(axes, keepDims),
            x.mean(axes, keepDims),
            tf.cast(x.mul(9), 'int32').sum(axes, keepDims),
          ];
        });
      }),
      { ...runs, numRuns: 150 },
    );
  });

  it('over long columns stay exact to float32', async () => {
    const shape = [100_000, 6];
    const values = numbers(6, shape, 1).map((value) => value + 1);
    const exact = new Float64Array(6);
    for (const [at, value] of values.entries()) exact[at % 6]! += value;
    const [sums] = await on(tf, 'wasm', () => [tf.tensor(values, shape).sum(0)]);
    for (const [column, sum] of exact.entries())
      expect(Math.abs(sums![column]! / sum - 1)).toBeLessThan(1e-6);
  });

  it('of segments are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, upTo(5), async (shape, segments) => {
        const ids = Int32Array.from({ length: shape[0]! }, (_, row) => ((row * 7) % (segments + 2)) - 1);
        await expectSame(() => [
          tf.unsortedSegmentSum(tf.tensor(numbers(8, shape), shape), tf.tensor1d(ids, 'int32'), segments),
        ]);
      }),
      runs,
    );
  });

  it('of a gather are its gradient', async () => {
    const indices = [3, 0, 3, 1, 3];
    await expectSame(
      gradients(
        (x) => tf.gather(x, tf.tensor1d(indices, 'int32') as Tensor1D, 1),
        [numbers(9, [2, 4, 3]), [2, 4, 3]],
      ),
    );
  });
});

describe('one-hot', () => {
  it('rows have the values of their dtype', async () => {
    await expectSame(() => {
      const indices = tf.tensor2d([0, 3, -1, 2, 4, 1], [2, 3], 'int32');
      return [
        tf.oneHot(indices, 4, 0.925, 0.025, 'float32'),
        tf.oneHot(indices, 4),
        tf.oneHot(indices, 4, 7, 2),
      ];
    });
  });
});

describe('tile', () => {
  it('gives what the cpu backend gives', async () => {
    const sizes = fc.array(fc.tuple(upTo(3), upTo(5)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), upTo(9), async (axes, row, columns) => {
        const shape = row ? [...axes.map(() => 1), columns] : axes.map(([size]) => size);
        const reps = row ? [...axes.map(([, count]) => count), 1] : axes.map(([, count]) => count);
        await expectSame(() => [tf.tile(tf.tensor(numbers(10, shape), shape), reps)]);
      }),
      runs,
    );
  });
});
