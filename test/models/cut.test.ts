import type { SymbolicTensor } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { startBackend } from '#src/models/backends/index.js';
import { cutModel } from '#src/models/cut.js';

it('drops units at the rate, each on its own, and scales what it keeps', async () => {
  const { tf, stop } = await startBackend('wasm');
  const [rows, units] = [200, 50];
  const x = tf.ones([rows, units]);
  for (const rate of [1e-3, 0.3, 0.5, 0.9]) {
    const input = tf.input({ shape: [units] });
    const dense = tf.layers.dense({ units });
    const dropped = tf.layers.dropout({ rate }).apply(input);
    const model = tf.model({ inputs: input, outputs: dense.apply(dropped) as SymbolicTensor });
    dense.setWeights([tf.eye(units), tf.zeros([units])]);
    const cut = cutModel(tf, model, new Set());
    const dropAs = (dropoutSeed: number) =>
      tf.tidy(() => [...cut.above(new Map([[input.name, x]]), { dropoutSeed })[0]!.dataSync()]);
    const values = dropAs(7);
    expect([...new Set(values)].sort()).toEqual([0, Math.fround(1 / (1 - rate))]);
    expect(dropAs(7)).toEqual(values);
    const isDropped = (value: number | undefined) => (value === 0 ? 1 : 0);
    const among = (times: number, probability: number, of: number) =>
      expect(Math.abs(times - of * probability)).toBeLessThan(
        4 * Math.sqrt(of * probability * (1 - probability)),
      );
    const dropsOf = (drops: number[]) => drops.reduce((sum, drop) => sum + drop, 0);
    among(dropsOf(values.map(isDropped)), rate, values.length);
    // Neither its neighbour nor the same unit under the next seed tells of a unit: both are dropped by chance alone.
    const next = dropAs(8);
    const pairs = (other: (at: number) => number | undefined) =>
      dropsOf(values.map((value, at) => isDropped(value) * isDropped(other(at))));
    among(
      pairs((at) => values[at + 1]),
      rate ** 2,
      values.length,
    );
    among(
      pairs((at) => next[at]),
      rate ** 2,
      values.length,
    );
    cut.dispose();
    model.dispose();
  }
  await stop();
});
