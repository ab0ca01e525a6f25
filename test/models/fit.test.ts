import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus, type PipelineEvent } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { removeCheckpoint } from '#src/models/checkpoint.js';
import { evaluateTask } from '#src/models/evaluate.js';
import { type FitOptions, fitTask } from '#src/models/fit.js';
import { loadModel } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import type { ModelRecipe } from '#src/recipe.js';
import type { Sample } from '#src/records.js';
import { EVENT_FILE } from '#src/sinks/history/files.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { CLASSES, type Colours, coloursToFit, INPUT, MODEL } from './colours.js';

type Phase = ModelRecipe['phases'][number];

let colours: Colours;
let backend: StartedBackend;
let cache: TensorCache;
let samples: Sample[];
let folder: { path: string };
beforeAll(async () => {
  colours = await coloursToFit();
  ({ cache, samples } = colours);
  folder = { path: colours.folder };
  backend = await startBackend('wasm');
});
afterAll(async () => {
  await backend.stop();
  await colours.dispose();
});

const options = (name: string, more: Partial<FitOptions> = {}) => colours.options(backend, name, more);

describe('fitTask', () => {
  it('learns, keeps the epoch with the lowest validation loss, and saves a model that predicts alone', async () => {
    const events: PipelineEvent[] = [];
    const bus = eventBus();
    bus.events.subscribe((event) => events.push(event));
    const before = backend.tf.memory().numTensors;
    const train = await fitTask(options('whole', { events: bus }));
    expect(backend.tf.memory().numTensors).toBe(before);
    expect(train.classes).toEqual(CLASSES);
    expect(train.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const losses = train.history.map(({ validationLoss }) => validationLoss!);
    expect(train.keptEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    expect(train.history.at(-1)!.accuracy).toBeGreaterThan(0.9);
    expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(10);
    expect(train.parameters).toEqual({ trained: 97440 + 128 * 8 + 8 + 8 * 3 + 3, fixed: 0 });

    const { result, predictions } = await evaluateTask({
      tf: backend.tf,
      folder: join(folder.path, 'whole'),
      samples: samples.filter(({ split }) => split === 'test'),
      twins: [],
      side: 'test',
      cache,
      pixels: cache,
      natural: { blue: 1, green: 1, red: 2 },
      seed: 1,
      signal: new AbortController().signal,
    });
    expect(result.samples).toBe(15);
    expect(result.accuracy).toBeGreaterThan(0.9);
    expect(predictions).toHaveLength(15);
    expect(
      predictions.every(
        ({ top }) => Math.abs(top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-6,
      ),
    ).toBe(true);
    const wrong = predictions.filter(({ label, predicted }) => label !== predicted);
    expect(result.mistakes.length).toBe(wrong.length);
    const right = result.explained.filter(({ label, predicted }) => label === predicted);
    expect(right.map(({ label }) => label).sort()).toEqual(CLASSES);
    expect(result.explained).toHaveLength(right.length + Math.min(6, wrong.length));
    for (const { label, predicted, seen } of result.explained) {
      expect(seen.map((one) => one.label)).toEqual([...new Set([predicted, label])]);
      for (const { height, width, heat } of seen) {
        const values = Buffer.from(heat, 'base64');
        expect([height, width, values.length]).toEqual([1, 1, 1]);
        expect([0, 255]).toContain(values[0]);
      }
    }
    expect(backend.tf.memory().numTensors).toBe(before);
  });

  it('measures each epoch on both sides as its weights are evaluated later', async () => {
    const { history, keptEpoch } = await fitTask(options('measured'));
    for (const { trainPhotos, trainAccuracy, validationAccuracy, overfitting } of history) {
      expect(trainPhotos).toBe(60);
      expect(overfitting).toBe(trainAccuracy - validationAccuracy!);
    }
    const kept = history[keptEpoch - 1]!;
    const evaluated = async (side: 'train' | 'validation') =>
      (
        await evaluateTask({
          tf: backend.tf,
          folder: join(folder.path, 'measured'),
          samples,
          twins: [],
          side,
          cache,
          natural: {},
          seed: 1,
          signal: new AbortController().signal,
        })
      ).result;
    const [train, validation] = [await evaluated('train'), await evaluated('validation')];
    expect(kept.trainAccuracy).toBe(train.accuracy);
    expect(kept.validationAccuracy).toBe(validation.accuracy);
    expect(kept.validationTop5).toBe(validation.top5);
    expect(kept.validationMacroF1).toBeCloseTo(validation.macroF1, 12);
    // Without dropout and smoothing, after the epoch's steps rather than before each: lower.
    expect(kept.trainLoss).toBeLessThan(kept.loss);
    expect(kept.trainLoss).toBeGreaterThan(0);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const bytes = async (name: string, seed: number) => {
      await fitTask(options(name, { seed }));
      return readFile(join(folder.path, name, 'weights.bin'));
    };
    const one = await bytes('one', 7);
    expect((await bytes('two', 7)).equals(one)).toBe(true);
    expect((await bytes('three', 8)).equals(one)).toBe(false);
  });

  it('trains exactly the layers that a phase names', async () => {
    const phases: ModelRecipe['phases'] = [
      { train: { from: 'block4_conv' }, epochs: 1, optimizer: 'sgd', learningRate: 0.1 },
    ];
    const { parameters } = await fitTask(options('from', { model: { ...MODEL, phases } }));
    expect(parameters.fixed).toBe(448 + 4640 + 18496);
    const { model } = await loadModel(backend.tf, join(folder.path, 'from'));
    const fresh = networks['small-cnn'].build(backend.tf, { ...INPUT, seed: 1 });
    for (const name of ['block1_conv', 'block2_conv', 'block3_conv', 'block4_conv']) {
      const [trained, initial] = [model, fresh].map((one) => one.getLayer(name).getWeights()[0]!.dataSync());
      const same = trained!.every((value, index) => value === initial![index]);
      expect(same, name).toBe(name !== 'block4_conv');
    }
    model.dispose();
    const wrong: ModelRecipe['phases'] = [{ ...phases[0]!, train: { from: 'block9' } }];
    await expect(fitTask(options('wrong', { model: { ...MODEL, phases: wrong } }))).rejects.toMatchObject({
      code: 'RECIPE_INVALID',
    });
  });

  it('keeps the last weights and temperature 1 without a validation side', async () => {
    const train = await fitTask(
      options('blind', { samples: samples.filter(({ split }) => split !== 'validation') }),
    );
    expect(train).toMatchObject({ keptEpoch: 10, temperature: 1 });
    expect(train.history.every(({ validationLoss }) => validationLoss === undefined)).toBe(true);
  });

  it('stops when patience is over', async () => {
    const phases: ModelRecipe['phases'] = [
      { train: 'head', epochs: 50, optimizer: 'sgd', learningRate: 1e-12, patience: 2 },
    ];
    const { history } = await fitTask(options('patient', { model: { ...MODEL, phases } }));
    expect(history.length).toBeLessThan(50);
  });

  it('ends a phase with the weights of its best epoch where it is asked to', async () => {
    const still: Phase = { train: 'all', epochs: 1, optimizer: 'sgd', learningRate: 1e-30 };
    // So high a rate that the loss rises again.
    const wild: Phase = { train: 'all', epochs: 3, optimizer: 'adam', learningRate: 1 };
    const losses = async (name: string, first: Phase) => {
      const { history } = await fitTask(
        options(name, { model: { ...MODEL, stagnation: false, phases: [first, still] } }),
      );
      return history.map(({ validationLoss }) => validationLoss!);
    };
    const last = await losses('last', wild);
    expect(Math.min(...last.slice(0, 3))).toBeLessThan(last[2]!);
    expect(last[3]).toBe(last[2]);
    const restored = await losses('restored', { ...wild, restore: true });
    expect(restored[3]).toBe(Math.min(...last.slice(0, 3)));
  });

  it('counts an epoch for patience as better only by more than minDelta', async () => {
    const epochs = async (minDelta: number) => {
      const phases: Phase[] = [
        { train: 'head', epochs: 9, optimizer: 'sgd', learningRate: 1e-3, patience: 2, minDelta },
      ];
      const model = { ...MODEL, stagnation: false as const, phases };
      return (await fitTask(options('delta', { model }))).history.length;
    };
    expect(await epochs(0)).toBe(9);
    // The first epoch is better than none.
    expect(await epochs(9)).toBe(3);
  });

  it('pulls the head’s kernels towards 0 by its L2 penalty, which the loss shows', async () => {
    const phases: Phase[] = [{ train: 'all', epochs: 3, optimizer: 'adam', learningRate: 0.005 }];
    const trained = async (name: string, l2?: number) => {
      const head = { ...MODEL.head, ...(l2 !== undefined && { l2 }) };
      const { history } = await fitTask(options(name, { model: { ...MODEL, head, phases } }));
      const { model } = await loadModel(backend.tf, join(folder.path, name));
      const squares = (layer: string) =>
        backend.tf.tidy(() => model.getLayer(layer).getWeights()[0]!.square().sum().dataSync()[0]!);
      const sizes = ['head_dense_1', 'logits', 'block4_conv'].map(squares);
      model.dispose();
      return { loss: history[0]!.loss, sizes };
    };
    const [free, bound] = [await trained('free'), await trained('bound', 0.1)];
    expect(bound.loss).toBeGreaterThan(free.loss + 0.1);
    for (const layer of [0, 1]) expect(bound.sizes[layer]).toBeLessThan(0.97 * free.sizes[layer]!);
  });

  it('warns where no validation loss can reduce the learning rate', async () => {
    const messages: string[] = [];
    const bus = eventBus();
    bus.events.subscribe((event) => event.type === 'message' && messages.push(event.text));
    const phases: Phase[] = [
      {
        train: 'head',
        epochs: 3,
        optimizer: 'sgd',
        learningRate: 0.1,
        schedule: { ...plateau, minDelta: 0 },
      },
    ];
    const blind = samples.filter(({ split }) => split !== 'validation');
    const { history } = await fitTask(
      options('unwatched', { model: { ...MODEL, phases }, samples: blind, events: bus }),
    );
    expect(history.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.1, 0.1]);
    expect(messages).toEqual([expect.stringContaining('no validation side')]);
  });

  it('trains all of the base where more is asked for than it has, faithfully what the post’s slice leaves', async () => {
    const phases: Phase[] = [{ train: { last: 10 }, epochs: 1, optimizer: 'sgd', learningRate: 0.1 }];
    const fixed = async (faithful: boolean) => {
      const messages: string[] = [];
      const bus = eventBus();
      bus.events.subscribe((event) => event.type === 'message' && messages.push(event.text));
      const { parameters } = await fitTask(
        options('beyond', { model: { ...MODEL, phases }, events: bus, ...(faithful && { faithful }) }),
      );
      return [parameters.fixed, messages];
    };
    expect(await fixed(false)).toEqual([0, [expect.stringMatching(/9 layers, trains all of it$/)]]);
    // layers[:9 - 10]: all but the last pool.
    expect(await fixed(true)).toEqual([97440, [expect.stringMatching(/trains the head alone/)]]);
  });

  it('says so when the loss is no number any more', async () => {
    const phases: ModelRecipe['phases'] = [{ train: 'all', epochs: 9, optimizer: 'sgd', learningRate: 1e30 }];
    await expect(fitTask(options('diverged', { model: { ...MODEL, phases } }))).rejects.toMatchObject({
      code: 'TRAINING_DIVERGED',
    });
  });

  it('says so when an epoch’s last step ruins the weights, and keeps none of it', async () => {
    const phases: ModelRecipe['phases'] = [
      { train: 'head', epochs: 2, optimizer: 'adam', learningRate: 0.01 },
      // One step: the loss before it is sound.
      { train: 'head', epochs: 1, optimizer: 'sgd', learningRate: 1e38 },
    ];
    const model = { ...MODEL, phases, batchSize: 64 };
    await expect(fitTask(options('ruined', { model }))).rejects.toMatchObject({
      code: 'TRAINING_DIVERGED',
      message: expect.stringMatching(/after epoch 3/),
    });
  });

  const warmup = { epochs: 1.5 };
  const plateau = { kind: 'plateau', factor: 0.5, patience: 1, cooldown: 1, minimum: 1e-6 } as const;
  it.each<[string, Partial<Phase>]>([
    ['constant', {}],
    ['warm-up', { schedule: { kind: 'constant', warmup } }],
    ['cosine', { schedule: { kind: 'cosine', warmup, minimum: 1e-5 } }],
    // Hardly any epoch is better by so much: each other one halves the rate.
    ['plateau', { schedule: { ...plateau, minDelta: 0.5 } }],
    ['restored', { patience: 2, minDelta: 0.3, restore: true }],
  ])(
    'goes on from its last epoch to the very weights of a training that was not stopped: %s',
    async (name, more) => {
      const phases: ModelRecipe['phases'] = [
        { train: 'head', epochs: 2, optimizer: 'sgd', momentum: 0.9, learningRate: 0.01 },
        { train: 'all', epochs: 5, optimizer: 'adam', learningRate: 0.005, patience: 4, ...more },
      ];
      const model = { ...MODEL, phases, head: { ...MODEL.head, l2: 1e-3 } };
      const [undisturbed, stoppedName] = [`undisturbed-${name}`, `stopped-${name}`];
      const whole = await fitTask(options(undisturbed, { model }));
      const rates = whole.history.slice(2).map(({ learningRate }) => learningRate);
      expect(new Set(rates).size > 1).toBe(more.schedule !== undefined);
      const checkpoint = { file: join(folder.path, `${stoppedName}.checkpoint`), key: 'k' };
      for (const stopAt of [1, 2, 4]) {
        const controller = new AbortController();
        const bus = eventBus();
        bus.events.subscribe((event) => {
          if (event.type === 'epoch' && event.epoch > stopAt) controller.abort();
        });
        const stopped = fitTask(
          options(stoppedName, { model, checkpoint, signal: controller.signal, events: bus }),
        );
        await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
      }
      const epochs: number[] = [];
      const bus = eventBus();
      bus.events.subscribe((event) => event.type === 'epoch' && epochs.push(event.epoch));
      const resumed = await fitTask(options(stoppedName, { model, checkpoint, events: bus }));
      expect(epochs[0]).toBeGreaterThan(4);
      const timeless = ({ history, keptEpoch, temperature }: typeof whole) => ({
        history: history.map(({ seconds: _, ...record }) => record),
        keptEpoch,
        temperature,
      });
      expect(timeless(resumed)).toEqual(timeless(whole));
      const [a, b] = await Promise.all(
        [undisturbed, stoppedName].map((name) => readFile(join(folder.path, name, 'weights.bin'))),
      );
      expect(a!.equals(b!)).toBe(true);
      // Until its result is recorded: who stops here must not train again.
      expect(existsSync(checkpoint.file)).toBe(true);
      await removeCheckpoint(checkpoint.file);
      expect(existsSync(checkpoint.file)).toBe(false);
    },
  );

  it('writes its history epoch by epoch, and anew where it goes on', async () => {
    const checkpoint = { file: join(folder.path, 'told.checkpoint'), key: 'k' };
    const historyFolder = join(folder.path, 'told-history');
    const told = async () => {
      const { epochs } = JSON.parse(await readFile(join(historyFolder, 'history.json'), 'utf8')) as {
        epochs: unknown[];
      };
      const csv = (await readFile(join(historyFolder, 'history.csv'), 'utf8')).trim().split('\n');
      expect(csv).toHaveLength(epochs.length + 1);
      const events = await readFile(join(historyFolder, EVENT_FILE), 'latin1');
      expect(events.split('learningRate')).toHaveLength(epochs.length + 1);
      return epochs;
    };
    const controller = new AbortController();
    const bus = eventBus();
    bus.events.subscribe((event) => event.type === 'epoch' && event.epoch === 3 && controller.abort());
    const stopped = fitTask(
      options('told', { checkpoint, historyFolder, signal: controller.signal, events: bus }),
    );
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await told()).toHaveLength(3);
    // As where it was killed while it wrote.
    await appendFile(join(historyFolder, EVENT_FILE), 'half an event of learningRate');
    const { history } = await fitTask(options('told', { checkpoint, historyFolder }));
    expect(await told()).toEqual(history);
  });

  it('does not take up a training that depended on something else', async () => {
    const checkpoint = { file: join(folder.path, 'other.checkpoint'), key: 'before' };
    const controller = new AbortController();
    const bus = eventBus();
    bus.events.subscribe((event) => event.type === 'epoch' && event.epoch === 3 && controller.abort());
    const stopped = fitTask(options('other', { checkpoint, signal: controller.signal, events: bus }));
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    const { history } = await fitTask(options('other', { checkpoint: { ...checkpoint, key: 'after' } }));
    expect(history).toHaveLength(10);
  });

  it('learns from photos that are changed and mixed, the same each time, and leaves no tensor', async () => {
    const augmentation = { flip: 'horizontal', translation: [-0.1, 0.1], mixup: 0.2 } as const;
    const losses = async (name: string, more: Partial<FitOptions>) =>
      (await fitTask(options(name, more))).history.map(({ loss }) => loss);
    const plain = await losses('plain', {});
    const before = backend.tf.memory().numTensors;
    const changed = await losses('changed', { augmentation });
    expect(backend.tf.memory().numTensors).toBe(before);
    expect(await losses('changed', { augmentation })).toEqual(changed);
    expect(changed[0]).not.toBe(plain[0]);
    expect(changed.at(-1)).toBeLessThan(changed[0]!);
  });

  it('counts the time before it was stopped, and says when another backend goes on', async () => {
    const checkpoint = { file: join(folder.path, 'moved.checkpoint'), key: 'k' };
    const controller = new AbortController();
    const bus = eventBus();
    const messages: string[] = [];
    let before = 0;
    bus.events.subscribe((event) => {
      if (event.type === 'message') messages.push(event.text);
      if (event.type === 'epoch' && event.epoch === 5) controller.abort();
    });
    const started = performance.now();
    const first = fitTask(
      options('moved', { checkpoint, signal: controller.signal, events: bus, backend: 'webgpu' }),
    );
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    before = (performance.now() - started) / 1000;
    const { seconds, backends, history } = await fitTask(options('moved', { checkpoint, events: bus }));
    expect(history).toHaveLength(10);
    // Four epochs at least were computed before.
    expect(seconds).toBeGreaterThan(history.slice(0, 4).reduce((sum, epoch) => sum + epoch.seconds, 0));
    expect(seconds).toBeLessThan(before + (performance.now() - started) / 1000);
    expect(backends).toEqual(['webgpu', 'wasm']);
    expect(messages).toEqual([expect.stringContaining('webgpu computed it until then')]);
  });

  it('ends where nothing is learnt, and of a faithful recipe says so once', async () => {
    const phases: Phase[] = [{ train: 'head', epochs: 7, optimizer: 'sgd', learningRate: 1e-9 }];
    const model = { ...MODEL, phases };
    const messages: string[] = [];
    const bus = eventBus();
    bus.events.subscribe((event) => event.type === 'message' && messages.push(event.text));
    const epochs: number[] = [];
    bus.events.subscribe((event) => event.type === 'epoch' && epochs.push(event.epoch));
    const before = backend.tf.memory().numTensors;
    const stopped = fitTask(options('stagnant', { model, events: bus }));
    await expect(stopped).rejects.toMatchObject({ code: 'TRAINING_STAGNATED', key: 'colour' });
    expect(epochs.at(-1)).toBe(5);
    expect(backend.tf.memory().numTensors).toBe(before);
    const { history } = await fitTask(options('faithful', { model, events: bus, faithful: true }));
    expect(history).toHaveLength(7);
    expect(messages.filter((text) => text.includes('below a guess’s'))).toHaveLength(1);
  });

  it('ends on an abort without leaving tensors', async () => {
    const controller = new AbortController();
    const bus = eventBus();
    bus.events.subscribe((event) => {
      if (event.type === 'epoch') controller.abort();
    });
    const before = backend.tf.memory().numTensors;
    await expect(
      fitTask(options('aborted', { signal: controller.signal, events: bus })),
    ).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(backend.tf.memory().numTensors).toBe(before);
  });
});
