import { expect, it } from 'vitest';
import { startBackend } from '#src/models/backends/index.js';
import { crossEntropy } from '#src/models/loss.js';

it('crossEntropy of mixed photos is the mean of both classes’ by their shares', async () => {
  const { tf, stop } = await startBackend('cpu');
  const rows = [
    [0.3, -1, 2],
    [1.5, 0.2, -0.4],
  ];
  const [labels, others, shares] = [
    [0, 2],
    [1, 2],
    [0.7, 0.1],
  ] as const;
  for (const smoothing of [0, 0.1]) {
    const losses = (classes: readonly number[]) =>
      rows.map(
        (row, index) => crossEntropy(tf, tf.tensor2d([row]), [classes[index]!], smoothing).dataSync()[0]!,
      );
    const [own, other] = [losses(labels), losses(others)];
    const expected = shares.map((share, index) => share * own[index]! + (1 - share) * other[index]!);
    const mixed = { others, shares };
    const loss = crossEntropy(tf, tf.tensor2d(rows), labels, smoothing, mixed);
    expect(loss.dataSync()[0]).toBeCloseTo((expected[0]! + expected[1]!) / 2, 6);
  }
  await stop();
});

it('crossEntropy of weighted samples is the mean of their own by their weights, as Keras’s is', async () => {
  const { tf, stop } = await startBackend('cpu');
  const rows = [
    [0.3, -1, 2],
    [1.5, 0.2, -0.4],
  ];
  const labels = [2, 1];
  const weights = [0.25, 3];
  const own = rows.map(
    (row, index) => crossEntropy(tf, tf.tensor2d([row]), [labels[index]!], 0.1).dataSync()[0]!,
  );
  const loss = crossEntropy(tf, tf.tensor2d(rows), labels, 0.1, undefined, Float32Array.from(weights));
  expect(loss.dataSync()[0]).toBeCloseTo((own[0]! * weights[0]! + own[1]! * weights[1]!) / 2, 6);
  await stop();
});
