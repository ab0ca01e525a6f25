import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor2D, Variable } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { batchLoss } from '#src/models/batch-loss.js';
import { evaluateTask } from '#src/models/evaluate.js';
import { type FitOptions, fitTask } from '#src/models/fit.js';
import { crossEntropy } from '#src/models/loss.js';
import { loadModel } from '#src/models/model-folder.js';
import {
  assertTrunk,
  resultOfTask,
  type TrunkTask,
  trunkHead,
  trunkName,
  trunkSamples,
} from '#src/models/trunk.js';
import type { ModelRecipe } from '#src/recipe.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { TrainResult } from '#src/results.js';
import { CLASSES, type Colours, coloursToFit, MODEL } from './colours.js';

const SHARED: ModelRecipe = {
  ...MODEL,
  trunk: 'shared',
  phases: [
    { train: 'all', epochs: 3, optimizer: 'adam', learningRate: 0.005 },
    { train: { from: 'block3_conv' }, epochs: 2, optimizer: 'adam', learningRate: 0.002 },
  ],
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

/** Every photo has a colour, every second says whether it is warm, with other weights and another head. */
const tasks = (): TrunkTask[] => [
  { task: 'colour', samples: colours.samples, head: MODEL.head },
  {
    task: 'warmth',
    samples: colours.samples
      .filter((_, index) => index % 2 === 0)
      .map((sample) => ({ ...sample, task: 'warmth', label: sample.label === 'red' ? 'warm' : 'cold' })),
    head: { units: [], dropout: 0, labelSmoothing: 0 },
    training: { classWeights: 'balanced' },
  },
];
const options = (name: string, trunk: readonly TrunkTask[], more: Partial<FitOptions> = {}) =>
  colours.options(backend, name, {
    task: trunkName(trunk),
    model: SHARED,
    samples: trunkSamples(trunk),
    trunk,
    ...more,
  });
const weightsOf = (name: string) => readFile(join(colours.folder, name, 'weights.bin'));
const timeless = ({ history, keptEpoch, temperature, heads, basePasses }: TrainResult) => ({
  history: history.map(({ seconds: _, ...record }) => record),
  keptEpoch,
  temperature,
  heads,
  basePasses,
});

describe('fitTask of tasks that share a trunk', () => {
  it('trains one task as it is trained alone, bit for bit', async () => {
    const { trunk: _, ...alone } = SHARED;
    const expected = await fitTask(colours.options(backend, 'alone', { model: alone }));
    const shared = await fitTask(options('one', tasks().slice(0, 1)));
    const { model: __, ...found } = resultOfTask(shared, 'colour');
    const { model: ___, ...rest } = expected;
    expect(timeless(found as TrainResult)).toEqual(timeless(rest as TrainResult));
    expect(found.classes).toEqual(CLASSES);
    expect((await weightsOf('one')).equals(await weightsOf('alone'))).toBe(true);
  });

  it('gives each task an output, its own figures, and a place in the model’s metadata', async () => {
    const before = backend.tf.memory().numTensors;
    const historyFolder = join(colours.folder, 'two-history');
    const train = await fitTask(options('two', tasks(), { historyFolder }));
    expect(backend.tf.memory().numTensors).toBe(before);
    const { heads, validationLoss, validationAccuracy, trainPhotos } = train.history.at(-1)!;
    expect(trainPhotos).toBe(60);
    expect(heads!['colour']!.trainPhotos).toBe(60);
    expect(heads!['warmth']!.trainPhotos).toBe(30);
    const mean = (key: 'validationLoss' | 'validationAccuracy') =>
      (heads!['colour']![key]! + heads!['warmth']![key]!) / 2;
    expect(validationLoss).toBeCloseTo(mean('validationLoss'), 12);
    expect(validationAccuracy).toBeCloseTo(mean('validationAccuracy'), 12);
    const losses = train.history.map((record) => record.validationLoss!);
    expect(train.keptEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    // 60 trained, 60 measured, 15 of validation: once for both tasks.
    expect(train.basePasses).toBe(5 * 135);
    expect(resultOfTask(train, 'warmth')).toMatchObject({
      classes: ['cold', 'warm'],
      model: { head: { units: [] } },
    });
    for (const name of ['', 'colour', 'warmth'])
      expect(existsSync(join(historyFolder, name, 'history.csv'))).toBe(true);

    const folder = join(colours.folder, 'two');
    const { model, metadata } = await loadModel(backend.tf, folder);
    expect(model.outputs.map(({ shape }) => shape[1])).toEqual([3, 2]);
    model.dispose();
    expect(metadata.heads!.map(({ task, classes }) => [task, classes.length])).toEqual([
      ['colour', 3],
      ['warmth', 2],
    ]);
    for (const { task, samples } of tasks()) {
      const { result } = await evaluateTask({
        tf: backend.tf,
        task,
        folder,
        samples: samples.filter(({ split }) => split === 'test'),
        twins: [],
        side: 'test',
        cache: colours.cache,
        natural: { blue: 1, green: 1, red: 1, warm: 1, cold: 1 },
        seed: 1,
        signal: new AbortController().signal,
      });
      expect(result.classes).toEqual(metadata.heads!.find((head) => head.task === task)!.classes);
      expect(result.accuracy).toBeGreaterThan(0.6);
    }
  });

  it('that was stopped goes on to the same bits', async () => {
    const whole = await fitTask(options('undisturbed', tasks()));
    const checkpoint = { file: join(colours.folder, 'stopped.checkpoint'), key: 'k' };
    for (const stopAt of [1, 3]) {
      const controller = new AbortController();
      const bus = eventBus();
      bus.events.subscribe((event) => event.type === 'epoch' && event.epoch > stopAt && controller.abort());
      const stopped = fitTask(
        options('stopped', tasks(), { checkpoint, signal: controller.signal, events: bus }),
      );
      await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    }
    const resumed = await fitTask(options('stopped', tasks(), { checkpoint }));
    expect(timeless(resumed)).toEqual(timeless(whole));
    expect((await weightsOf('stopped')).equals(await weightsOf('undisturbed'))).toBe(true);
  });
});

describe('the loss of tasks that share a trunk', () => {
  /** Loss of a batch whose rows' classes are these by task, and its gradients. */
  const gradients = (of: readonly (readonly number[])[], logits: readonly number[][][]) => {
    const { tf } = backend;
    const objectives = of.map((classes) => ({ of: classes, weight: 1, labelSmoothing: 0.1 }));
    const labels = Int32Array.from(of[0]!.keys());
    return tf.tidy(() => {
      const outputs = logits.map((rows) => tf.variable(tf.tensor2d(rows)) as Variable);
      const lossOf = batchLoss({ tf, objectives, labelSmoothing: 0 }, { labels });
      const { value, grads } = tf.variableGrads(() => lossOf(outputs as unknown as Tensor2D[]), outputs);
      const found = outputs.map(({ name }) => [...grads[name]!.dataSync()]);
      tf.dispose(outputs);
      return { loss: value.dataSync()[0]!, found };
    });
  };
  const row = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 });

  it('has no gradient from photos without a label, and of a task the mean over the others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(row, row, fc.integer({ min: -1, max: 2 })), { minLength: 1, maxLength: 6 }),
        (rows) => {
          const { tf } = backend;
          const logits = [rows.map(([first]) => first), rows.map(([, second]) => second)];
          const own = rows.map(([, , label]) => label);
          const { loss, found } = gradients([rows.map(() => 1), own], logits);
          const labelled = [...own.keys()].filter((at) => own[at]! >= 0);
          for (const [at, label] of own.entries()) {
            const part = found[1]!.slice(3 * at, 3 * at + 3);
            if (label < 0) expect(part.map(Math.abs)).toEqual([0, 0, 0]);
            else expect(Math.max(...part.map(Math.abs))).toBeGreaterThan(0);
          }
          const meanOf = (some: readonly number[][], labels: readonly number[]) =>
            tf.tidy(() =>
              labels.length === 0
                ? 0
                : crossEntropy(tf, tf.tensor2d(some as number[][]), labels, 0.1).dataSync()[0]!,
            );
          const expected =
            meanOf(
              logits[0]!,
              rows.map(() => 1),
            ) +
            meanOf(
              labelled.map((at) => logits[1]![at]!),
              labelled.map((at) => own[at]!),
            );
          expect(loss).toBeCloseTo(expected, 4);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('trunkSamples', () => {
  it('has each photo once, in the order that they first come in, and says of each head what it knows', () => {
    const [colour, warmth] = tasks() as [TrunkTask, TrunkTask];
    const photos = trunkSamples([warmth, colour]);
    expect(photos).toHaveLength(90);
    expect(photos.slice(0, 3).map(({ path }) => path)).toEqual(['photo0', 'photo2', 'photo4']);
    const paths = photos.map(({ path }) => path).sort();
    const { of, classes, classWeights } = trunkHead(warmth, paths);
    expect(classes).toEqual(['cold', 'warm']);
    expect(of.filter((label) => label >= 0)).toHaveLength(45);
    expect(of[paths.indexOf('photo2')]).toBe(1);
    expect(of[paths.indexOf('photo1')]).toBe(-1);
    expect(classWeights![1]! / classWeights![0]!).toBeCloseTo(2, 6);
  });

  it('refuses a photo on two sides', () => {
    const [colour, warmth] = tasks() as [TrunkTask, TrunkTask];
    const moved = warmth.samples.map((sample) => ({ ...sample, split: 'test' as const }));
    expect(() => trunkSamples([colour, { ...warmth, samples: moved }])).toThrow(
      expect.objectContaining({ code: 'SAMPLES_INVALID', key: 'photo0' }),
    );
  });
});

describe('assertTrunk', () => {
  const TEXT = `
name: shared
tasks: { color: {}, product_type: { model: { head: { units: [8], dropout: 0.1 } } } }
model: { network: small-cnn, trunk: shared, phases: [{ train: all, epochs: 1 }] }
`;
  it.each([
    ['tasks.color.model.network=vgg16', 'tasks.color.model.network'],
    ['tasks.color.model.batchSize=3', 'tasks.color.model.batchSize'],
    ['tasks.color.model.head.l2=0.1', 'tasks.color.model.head.l2'],
    ['tasks.color.training.sampling=class', 'tasks.color.training.sampling'],
    ['model.head.kernel={gamma: 1, ridge: 1}', 'model.head.kernel'],
    ['model.branches={coarse: {after: block1_pool}}', 'model.branches'],
    ['augmentation={mixup: {alpha: 0.2}}', 'augmentation'],
  ])('refuses what tasks cannot have alone: %s', (override, where) => {
    expect(() => assertTrunk(parseRecipe(TEXT, [override]))).toThrow(
      expect.objectContaining({ code: 'RECIPE_INVALID', message: expect.stringContaining(where) as string }),
    );
  });

  it('takes heads of other shapes', () => {
    expect(() => assertTrunk(parseRecipe(TEXT))).not.toThrow();
  });
});
