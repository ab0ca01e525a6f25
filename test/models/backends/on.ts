import type { Tensor } from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { BackendName, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { unit } from '../goldens.js';

/** Both backends, started in this thread. */
export async function both(): Promise<Tf> {
  await startBackend('cpu');
  return (await startBackend('wasm')).tf;
}

/** Values of the tensors that a computation gives; checks that it leaves no other tensor behind. */
export async function valuesOf(tf: Tf, compute: () => Tensor[]): Promise<Float32Array[]> {
  const before = tf.memory().numTensors;
  const results = tf.tidy(compute);
  const values = await Promise.all(results.map((tensor) => tensor.data()));
  // The cpu backend gives the memory that it computes in.
  const copies = values.map((some) => Float32Array.from(some));
  tf.dispose(results);
  expect(tf.memory().numTensors).toBe(before);
  return copies;
}

/** The same on a backend that was started. */
export async function on(tf: Tf, backend: BackendName, compute: () => Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  return valuesOf(tf, compute);
}

/** Numbers in −scale/2..scale/2 for a shape, determined by the seed. */
export function numbers(seed: number, shape: readonly number[], scale = 2): Float32Array {
  const length = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from(unit(seed, length), (value) => (value - 0.5) * scale);
}

/** All close by `tolerance`, absolute below 1 and relative above. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  what = '',
): void {
  expect(actual.length, what).toBe(expected.length);
  let worst = 0;
  for (let at = 0; at < expected.length; at += 1) {
    const error = Math.abs(actual[at]! - expected[at]!) / Math.max(1, Math.abs(expected[at]!));
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }
  expect(worst, what).toBeLessThanOrEqual(tolerance);
}
