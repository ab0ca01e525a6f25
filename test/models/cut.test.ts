import type { SymbolicTensor } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { startBackend } from '#src/models/backends/index.js';
import { cutModel } from '#src/models/cut.js';

it.each(['cpu', 'wasm'] as const)('drops what tfjs drops of a seed, to the bit, on %s', async (name) => {
  const { tf, stop } = await startBackend(name);
  const units = 40;
  const x = tf.randomNormal([5, units], 0, 1, 'float32', 3);
  for (const rate of [1e-3, 0.3, 0.5, 0.9]) {
    const input = tf.input({ shape: [units] });
    const dense = tf.layers.dense({ units });
    const dropped = tf.layers.dropout({ rate }).apply(input);
    const model = tf.model({ inputs: input, outputs: dense.apply(dropped) as SymbolicTensor });
    dense.setWeights([tf.eye(units), tf.zeros([units])]);
    const cut = cutModel(tf, model, new Set());
    const dropAs = (dropoutSeed: number) => {
      const [output] = cut.above(new Map([[input.name, x]]), { dropoutSeed });
      return [...output!.dataSync()];
    };
    // A product's sums have no −0.
    const expected = (seed: number) => [...tf.dropout(x, rate, undefined, seed).add(0).dataSync()];
    expect(dropAs(7)).toEqual(expected(7));
    if (rate > 0.1) expect(dropAs(8)).not.toEqual(dropAs(7));
    model.dispose();
  }
  await stop();
});
