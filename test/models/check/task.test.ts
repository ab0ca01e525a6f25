import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import type { Check, CheckName } from '#src/models/check/check.js';
import { checkHeadRates, checkRange, RATES, rateRange } from '#src/models/check/learning-rate.js';
import { checkPreprocessing } from '#src/models/check/preprocessing.js';
import { checkTask } from '#src/models/check/task.js';
import { checkUnfrozen } from '#src/models/check/unfrozen.js';
import { networks } from '#src/models/networks/index.js';
import { glorot, INPUT, type Network, stacked } from '#src/models/networks/network.js';
import type { ModelRecipe, PhaseRecipe } from '#src/recipe.js';
import { progressOf } from '../../progress.js';
import { type Colours, coloursToFit, MODEL } from '../colours.js';

const phase = (train: PhaseRecipe['train'], learningRate: number): PhaseRecipe => ({
  train,
  epochs: 1,
  optimizer: 'adam',
  learningRate,
});

const BLOCKS = [1, 2, 3, 4].map((block) => `block${block}`);
/** The small network with a batch norm in each block: their averages are still far from the batches' after a check's steps. */
const NORMED: Network = {
  ...networks['small-cnn'],
  layers: BLOCKS.flatMap((block) => [`${block}_conv`, `${block}_bn`, `${block}_relu`, `${block}_pool`]),
  weighted: new Map(
    BLOCKS.flatMap((block) => [
      [`${block}_conv`, 'convolution'],
      [`${block}_bn`, 'batch norm'],
    ]),
  ),
  build(tf, { height, width, seed }) {
    const input = tf.input({ shape: [height, width, 3], name: INPUT });
    const blocks = BLOCKS.flatMap((block) => [
      tf.layers.conv2d({
        name: `${block}_conv`,
        filters: 16,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer: glorot(tf, seed, block),
      }),
      tf.layers.batchNormalization({ name: `${block}_bn` }),
      tf.layers.reLU({ name: `${block}_relu` }),
      tf.layers.maxPooling2d({ name: `${block}_pool`, poolSize: 2, strides: 2, padding: 'same' }),
    ]);
    return tf.model({ inputs: input, outputs: stacked(input, blocks) });
  },
};

const HEAD = { units: [], dropout: 0, labelSmoothing: 0 };

describe('checkUnfrozen', () => {
  const vgg16 = networks.vgg16;

  it('flags the post’s V2, which unfroze nothing', () => {
    const phases = [phase('head', 1e-3), phase({ last: 20 }, 1e-5)];
    const [faithful] = checkUnfrozen(vgg16, { phases, head: HEAD }, true);
    expect(faithful).toMatchObject({ state: 'flag', phase: 2, figures: { layers: 0 } });
    expect(faithful!.text).toContain('13 layers from block1_conv1 on were meant');
    expect(checkUnfrozen(vgg16, { phases, head: HEAD })).toMatchObject([
      { state: 'ok', figures: { layers: 13 } },
    ]);
  });

  it('flags layers that no head reads', () => {
    const head = { ...HEAD, layers: ['block3_pool'] };
    const phases = [phase({ from: 'block4_conv1' }, 1e-5)];
    expect(checkUnfrozen(vgg16, { phases, head })).toMatchObject([{ state: 'flag', figures: { layers: 0 } }]);
  });

  it('has nothing against heads alone', () => {
    expect(checkUnfrozen(vgg16, { phases: [phase('head', 1)], head: HEAD })).toMatchObject([{ state: 'ok' }]);
  });
});

describe('checkHeadRates', () => {
  const rates = (phases: PhaseRecipe[], pretrained = true) =>
    checkHeadRates(networks.resnet50, { phases }, { pretrained });

  it('flags a base at a head’s rate, as in the post’s V3 and V5', () => {
    expect(rates([phase('all', 1e-3)])).toMatchObject([{ state: 'flag', phase: 1 }]);
    expect(rates([phase('all', 1e-3)])[0]!.text).toContain('with no phase before it');
    expect(rates([phase('head', 1e-3), phase('all', 1e-3)])[0]!.text).not.toContain('no phase before');
  });

  it('has nothing against it where weights are random, unless the recipe keeps the post’s faults', () => {
    expect(rates([phase('all', 1e-3)], false)).toEqual([]);
    const phases = [phase('all', 1e-3)];
    const [faithful] = checkHeadRates(networks.vgg16, { phases }, { pretrained: false, faithful: true });
    expect(faithful).toMatchObject({ state: 'flag', phase: 1 });
    expect(faithful!.text).toContain('random');
  });

  it('has nothing against a head’s rate for heads, or less for the base', () => {
    expect(rates([phase('head', 1e-2), phase('all', 1e-5)])).toEqual([]);
    const none = checkHeadRates(networks['small-cnn'], { phases: [phase('all', 1)] }, { pretrained: false });
    expect(none).toEqual([]);
  });
});

describe('checkPreprocessing', () => {
  // A network without batch norms, as VGG16 is: nothing can be measured, and no photo is looked at.
  const check = async (network: Network, pretrained: boolean) => {
    const { tf, stop } = await startBackend('cpu');
    const model = networks['small-cnn'].build(tf, { height: 8, width: 8, seed: 1 });
    const photos = () => Promise.reject(new Error('Expected no photo to be asked for'));
    const found = await checkPreprocessing({ tf, model, network, pretrained, photos });
    model.dispose();
    await stop();
    return found;
  };
  const asThePost = { ...networks.vgg16, preprocessing: 'scale' } as const;

  it('flags the /255 of the post’s V2, whatever weights there are', async () => {
    expect(await check(asThePost, true)).toMatchObject({
      state: 'flag',
      text: 'scale, but vgg16 was trained with caffe; without batch norms it cannot be measured',
    });
    expect(await check(asThePost, false)).toMatchObject({ state: 'flag' });
  });

  it('has nothing against what the publisher did', async () => {
    expect(await check(networks.vgg16, true)).toMatchObject({ state: 'ok' });
    expect(await check(networks.vgg16, false)).toMatchObject({ state: 'skipped' });
  });
});

describe('rateRange', () => {
  it('finds where the loss falls fastest, and where it diverges', () => {
    // Falls from 1e-3 on, and explodes beyond 0.1.
    const losses = RATES.map((rate) => (rate < 1e-3 ? 3 : rate < 0.1 ? 3 / (1 + 1000 * rate) : 50));
    const { steepest, diverges } = rateRange(RATES, losses);
    expect(steepest).toBeGreaterThan(5e-4);
    expect(steepest).toBeLessThan(1e-2);
    expect(diverges).toBeGreaterThanOrEqual(0.1);
    expect(diverges).toBeLessThan(0.4);
    expect(checkRange(phase('all', 1), 0, { steepest: 1e-3, diverges: 0.1 }).state).toBe('flag');
    expect(checkRange(phase('all', 1e-3), 0, { steepest: 1e-3, diverges: 0.1 }).state).toBe('ok');
  });

  it('takes losses that are no numbers any more as divergence', () => {
    expect(rateRange(RATES, [3, 3, 2]).diverges).toBe(RATES[3]);
    expect(
      rateRange(
        RATES,
        RATES.map(() => 3),
      ),
    ).toEqual({});
  });
});

describe('checkTask', () => {
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

  const check = async (model: Partial<ModelRecipe> = {}, network = networks['small-cnn']) => {
    const { folder: _, ...options } = colours.options(backend, 'checked');
    const before = backend.tf.memory().numTensors;
    const checks = await checkTask({
      ...options,
      network,
      model: { ...MODEL, network: network.name, ...model },
    });
    expect(backend.tf.memory().numTensors).toBe(before);
    return (name: CheckName): Check[] => checks.filter((one) => one.check === name);
  };

  it('passes training that learns', async () => {
    const found = await check({ phases: [phase('head', 0.01), phase('all', 0.005)] });
    expect(found('first-loss')).toMatchObject([{ state: 'ok' }]);
    expect(found('first-loss')[0]!.figures!['expected']).toBeCloseTo(Math.log(3), 10);
    expect(found('overfit')).toMatchObject([{ state: 'ok' }]);
    expect(found('gradients')).toMatchObject([
      { state: 'ok', phase: 1, figures: { layers: 2, dead: 0 } },
      { state: 'ok', phase: 2, figures: { dead: 0 } },
    ]);
    expect(found('learning-rate').map(({ state }) => state)).toEqual(['ok', 'ok']);
  });

  it('passes a network with batch norms that learns from scratch', async () => {
    const found = await check({ phases: [phase('all', 1e-3)] }, NORMED);
    expect(found('overfit')).toMatchObject([{ state: 'ok' }]);
    expect(found('learning-rate')).toMatchObject([{ state: 'ok' }]);
  });

  it('tells how far each part is, also of a test that ends early', async () => {
    const { folder: _, ...options } = colours.options(backend, 'checked');
    const events = eventBus();
    const told = progressOf(events);
    const phases = [phase('head', 1e30), phase('all', 0.005)];
    await checkTask({ ...options, events, model: { ...MODEL, phases } });
    const whole = (total: number) => ({ totals: [total], last: total });
    const part = (name: string) => told(`check ${options.task}, ${name}`, 'steps');
    expect(part('first batch')).toEqual(whole(3));
    expect(part('by heart')).toEqual(whole(200));
    for (const name of ['phase 1 of 2', 'phase 2 of 2']) expect(part(name)).toEqual(whole(4 + RATES.length));
  });

  it('gives the same again', async () => {
    const [once, twice] = [await check(), await check()];
    for (const name of ['first-loss', 'overfit', 'learning-rate'] as const)
      expect(once(name)).toEqual(twice(name));
  });

  it('flags a rate at which the loss explodes, and one that learns nothing', async () => {
    const high = await check({ phases: [phase('all', 1000)] });
    expect(high('learning-rate')).toMatchObject([{ state: 'flag', phase: 1 }]);
    const low = await check({ phases: [phase('all', 1e-7)] });
    expect(low('overfit')).toMatchObject([{ state: 'flag' }]);
  });

  it('flags a penalty that leaves nothing to learn', async () => {
    const head = { ...MODEL.head, l2: 100 };
    const found = await check({ head, phases: [phase('head', 0.01)] });
    expect(found('overfit')).toMatchObject([{ state: 'flag' }]);
  });

  it('does not learn a kernel head by heart', async () => {
    const head = { units: [], dropout: 0, labelSmoothing: 0, kernel: { gamma: 2, ridge: 0.1 } };
    const found = await check({ head, phases: [phase('head', 1)] });
    expect(found('overfit')).toMatchObject([{ state: 'skipped' }]);
  });
});
