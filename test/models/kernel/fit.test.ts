import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { evaluateTask } from '#src/models/evaluate.js';
import { fitTask } from '#src/models/fit.js';
import { scaleOfScores } from '#src/models/kernel/fit.js';
import { assertKernelRows, assertKernels, kernelRows, MOST_ROWS } from '#src/models/kernel/recipe.js';
import { loadModel } from '#src/models/model-folder.js';
import type { ModelRecipe } from '#src/recipe.js';
import { parseRecipe } from '#src/recipe-file.js';
import { CLASSES, type Colours, coloursToFit, MODEL } from '../colours.js';

const [GAMMA, RIDGE] = [2, 0.1];
const KERNEL: ModelRecipe = {
  ...MODEL,
  mirror: true,
  head: { units: [], dropout: 0, labelSmoothing: 0, kernel: { gamma: GAMMA, ridge: RIDGE } },
  phases: [{ train: 'head', epochs: 1, optimizer: 'adam', learningRate: 1 }],
};

let colours: Colours;
let backend: StartedBackend;
beforeAll(async () => {
  colours = await coloursToFit();
  backend = await startBackend('wasm');
});
afterAll(async () => {
  await backend.stop();
  await colours.dispose();
});

describe('a kernel head', () => {
  it('solves the ridge regression of the classes on its training rows', async () => {
    const { tf } = backend;
    const name = 'solved';
    const result = await fitTask(colours.options(backend, name, { model: KERNEL }));
    expect(result.history).toHaveLength(1);
    expect(result.history[0]!.validationAccuracy).toBeGreaterThan(0.9);
    const { model } = await loadModel(tf, join(colours.folder, name));
    const centres = model.getLayer('head_kernel').getWeights()[0] as Tensor2D;
    const alpha = model.getLayer('logits').getWeights()[0] as Tensor2D;
    const rows = 2 * colours.samples.filter(({ split }) => split === 'train').length;
    expect(centres.shape[1]).toBe(rows);
    // (K + ridge · I) α is one-hot times the scale, with a row's own class where the 1 is.
    const { fitted, lengths } = tf.tidy(() => {
      const x = centres.transpose() as Tensor2D;
      const distances = tf.sub(2, x.matMul(centres).mul(2));
      const kernel = distances.mul(-GAMMA).exp().add(tf.eye(rows).mul(RIDGE)) as Tensor2D;
      return {
        fitted: kernel.matMul(alpha).dataSync<'float32'>(),
        lengths: x.square().sum(1).dataSync<'float32'>(),
      };
    });
    for (const length of lengths) expect(length).toBeCloseTo(1, 5);
    const scale = Math.max(...fitted);
    expect(scale).toBeGreaterThan(1);
    for (let row = 0; row < rows; row++) {
      const own = [...fitted.subarray(row * CLASSES.length, (row + 1) * CLASSES.length)].map(
        (v) => v / scale,
      );
      expect(own.filter((value) => Math.abs(value - 1) < 1e-3)).toHaveLength(1);
      expect(own.filter((value) => Math.abs(value) < 1e-3)).toHaveLength(CLASSES.length - 1);
    }
    model.dispose();
  });

  it('saves a model that loads and gives probabilities, and the same again', async () => {
    const { tf } = backend;
    const found = [];
    for (const name of ['once', 'twice']) {
      await fitTask(colours.options(backend, name, { model: KERNEL }));
      const { result } = await evaluateTask({
        tf,
        folder: join(colours.folder, name),
        samples: colours.samples.filter(({ split }) => split === 'test'),
        twins: [],
        side: 'test',
        cache: colours.cache,
        natural: { blue: 1, green: 1, red: 1 },
        seed: 1,
        signal: new AbortController().signal,
      });
      found.push(result);
    }
    expect(found[0]).toEqual(found[1]);
    expect(found[0]!.accuracy).toBeGreaterThan(0.9);
    const { model } = await loadModel(tf, join(colours.folder, 'once'));
    const sums = tf.tidy(() => (model.predict(tf.zeros([2, 16, 16, 3])) as Tensor).sum(-1).dataSync());
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
    model.dispose();
  });

  it('names a ridge that is too small for rows that are alike', async () => {
    const head = { ...KERNEL.head, kernel: { gamma: 1e-6, ridge: 1e-14 } };
    const fitted = fitTask(colours.options(backend, 'alike', { model: { ...KERNEL, head } }));
    await expect(fitted).rejects.toMatchObject({
      code: 'RECIPE_INVALID',
      message: expect.stringMatching(/model\.head\.kernel\.ridge: Expected more than 1e-14/),
    });
  });

  it('keeps its history where other programs read it', async () => {
    const historyFolder = join(colours.folder, 'kernel-history');
    const { history } = await fitTask(colours.options(backend, 'kept', { model: KERNEL, historyFolder }));
    const { epochs } = JSON.parse(await readFile(join(historyFolder, 'history.json'), 'utf8'));
    expect(epochs).toHaveLength(1);
    expect(epochs[0].validationAccuracy).toBe(history[0]!.validationAccuracy);
  });

  it('refuses more rows than it can solve', async () => {
    const one = colours.samples.find(({ split }) => split === 'train')!;
    const many = Array.from({ length: MOST_ROWS / 2 + 1 }, () => one);
    const other = colours.samples.find(({ label }) => label !== one.label)!;
    const options = colours.options(backend, 'many', { model: KERNEL, samples: [...many, other] });
    await expect(fitTask(options)).rejects.toMatchObject({ code: 'RECIPE_INVALID' });
  });
});

describe('scaleOfScores', () => {
  const classes = 3;
  const labels = Array.from({ length: 60 }, (_, row) => row % classes);
  // Seven in ten are right, by a margin.
  const scores = (size: number) =>
    labels.flatMap((label, row) =>
      Array.from({ length: classes }, (_, k) =>
        k === (row % 9 < 6 ? label : (label + 1) % classes) ? size : 0,
      ),
    );

  it.each([1, 0.1, 1e-2, 1e-3])('makes scores of size %d as sure as they are right', (size) => {
    const scale = scaleOfScores({ classes, labels, logits: scores(size) });
    // softmax of (s, 0, 0) is most likely where its first is the share that is right: 0.7.
    expect(scale * size).toBeCloseTo(Math.log((2 * 0.7) / 0.3), 3);
  });

  it('ends where scores say nothing, and where they are always right', () => {
    expect(scaleOfScores({ classes, labels, logits: scores(0) })).toBeGreaterThan(0);
    const right = labels.flatMap((label) =>
      Array.from({ length: classes }, (_, k) => (k === label ? 1e-6 : 0)),
    );
    expect(scaleOfScores({ classes, labels, logits: right })).toBeLessThanOrEqual(1e6);
  });
});

describe('assertKernels', () => {
  const TEXT = `
name: a
tasks: { kind: {} }
model: { network: mobilenet, phases: [{ train: head, epochs: 1 }], head: { kernel: { gamma: 2, ridge: 0.1 } } }
`;
  const check = (...overrides: string[]) => assertKernels(parseRecipe(TEXT, overrides));

  it('counts the train side by views and mirror images, and refuses too many', () => {
    const samples = (['train', 'train', 'test'] as const).map((split) => ({ split }));
    expect([0, 1, 3].map((views) => kernelRows({}, samples, views))).toEqual([2, 2, 6]);
    expect(kernelRows({ mirror: true }, samples, 3)).toBe(12);
    expect(() => assertKernelRows(MOST_ROWS, 'kind')).not.toThrow();
    expect(() => assertKernelRows(MOST_ROWS + 1, 'kind')).toThrow(/at most 10000 rows/);
  });

  it('takes one that stands alone', () => {
    expect(() => check()).not.toThrow();
  });

  it.each([
    ['model.head.units=[8]', /no units/],
    ['model.head.dropout=0.5', /dropout/],
    ['model.phases.0.epochs=7', /one epoch and no schedule/],
    ['model.phases.0.schedule={kind: cosine}', /one epoch and no schedule/],
    ['augmentation={mixup: 0.4}', /no mixup or cutmix/],
    ['augmentation={flip: horizontal}', /cache\.augmentedCopies or no augmentation/],
    ['model.phases=[{train: all, epochs: 1}]', /one phase that trains the head/],
    ['model.branches={coarse: {after: conv_pw_5_relu}}', /no branches/],
    ['tasks.kind.training={sampling: class}', /no tasks\.kind\.training/],
  ])('refuses %s', (override, message) => {
    expect(() => check(override)).toThrow(message);
  });
});
