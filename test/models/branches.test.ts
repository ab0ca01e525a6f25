import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { assertBranches } from '#src/models/branches.js';
import { buildClassifier, frozenLayers } from '#src/models/classifier.js';
import { cutModel } from '#src/models/cut.js';
import { evaluateTask } from '#src/models/evaluate.js';
import { type FitOptions, fitTask } from '#src/models/fit.js';
import { loadModel } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import { objectivesAt, objectivesOfPhase, weightsAt } from '#src/models/objectives.js';
import { layerOfTaps, pooledOf, tapsOfModel } from '#src/models/taps.js';
import { uniform } from '#src/random.js';
import type { ModelRecipe, PhaseRecipe } from '#src/recipe.js';
import { parseRecipe } from '#src/recipe-file.js';
import { CLASSES, type Colours, coloursToFit, INPUT, MODEL } from './colours.js';

/** Red is warm, the others cold. */
const LEVEL = { level: 'coarse' as const, classes: ['cold', 'warm'], of: [0, 0, 1] };
const BRANCHED: ModelRecipe = {
  ...MODEL,
  branches: { coarse: { after: 'block2_pool', units: [4] } },
  lossWeights: [
    { epochs: 1, weights: [0.9, 0.1] },
    { epochs: 2, weights: [0.2, 0.8] },
    { epochs: 1, weights: [0, 1] },
  ],
  phases: [
    { train: 'all', epochs: 2, optimizer: 'adam', learningRate: 0.005 },
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

const samples = () =>
  colours.samples.map((sample) => {
    const coarse = sample.label === 'red' ? 'warm' : 'cold';
    return { ...sample, coarse, middle: `${sample.label}s`, fine: sample.label };
  });
const options = (name: string, more: Partial<FitOptions> = {}) =>
  colours.options(backend, name, { model: BRANCHED, samples: samples(), ...more });

describe('a cut of a model with branches', () => {
  const network = networks['small-cnn'];
  const trains: PhaseRecipe['train'][] = ['head', 'all', ...network.layers.map((from) => ({ from }))];

  it.each(trains)('below and above together are the whole: %j', async (train) => {
    const { tf } = backend;
    const branches = [
      // Deeper than the main head, so that layers of the base do not stand first in the model's order.
      { name: 'coarse', after: 'block1_pool', classes: 2, units: [5, 5, 5, 5, 5, 5, 5, 5, 5] },
      { name: 'middle', after: 'block3_conv', classes: 4 },
    ];
    const head = { units: [6], dropout: 0.2, labelSmoothing: 0 };
    const model = buildClassifier(tf, { network, ...INPUT, classes: 3, head, branches, seed: 2 });
    const phase = { train, epochs: 1, optimizer: 'adam', learningRate: 1 } as const;
    const frozen = frozenLayers(model, network, phase);
    const cut = cutModel(tf, model, frozen);
    const values = Float32Array.from({ length: 2 * 16 * 16 * 3 }, (_, at) => uniform('pixel', at));
    const { shapes, differences } = tf.tidy(() => {
      const x = tf.tensor4d(values, [2, 16, 16, 3]);
      const found = cut.above(cut.below(x)).map((logits) => logits.softmax());
      const whole = model.predictOnBatch(x) as Tensor[];
      return {
        shapes: found.map(({ shape }) => shape),
        differences: found.map((one, index) => one.sub(whole[index]!).abs().max().dataSync()[0]!),
      };
    });
    expect(shapes).toEqual([
      [2, 2],
      [2, 4],
      [2, 3],
    ]);
    expect(Math.max(...differences)).toBeLessThan(1e-6);
    expect(cut.layers.some(({ name }) => frozen.has(name))).toBe(false);
    const heads = cut.layers.filter(({ name }) => /dense|logits/.test(name));
    expect(heads).toHaveLength(9 + 1 + 1 + 3);
    model.dispose();
  });

  it('takes features of several layers as what lies below', () => {
    const { tf } = backend;
    const model = { branches: { coarse: { after: 'block2_pool' }, middle: { after: 'block1_pool' } } };
    const taps = tapsOfModel({ ...MODEL, ...model }, network);
    expect(taps).toEqual(['block1_pool', 'block2_pool', 'block4_pool']);
    const branches = [
      { name: 'coarse', after: 'block2_pool', classes: 2 },
      { name: 'middle', after: 'block1_pool', classes: 3 },
    ];
    const built = buildClassifier(tf, { network, ...INPUT, classes: 3, head: MODEL.head, branches, seed: 2 });
    const phase = { train: 'head', epochs: 1, optimizer: 'adam', learningRate: 1 } as const;
    const cut = cutModel(tf, built, frozenLayers(built, network, phase));
    tf.tidy(() => {
      const x = tf.randomUniform([2, 16, 16, 3], 0, 1, 'float32', 3);
      const below = cut.below(x);
      const names = ['middle_', 'coarse_', ''].map((prefix) => `${prefix}global_average_pooling`);
      const stored = tf.concat(
        names.map((name) => below.get(name)!),
        1,
      );
      expect(stored.shape).toEqual([2, 16 + 32 + 128]);
      const pooled = pooledOf({ layer: layerOfTaps(taps) }, cut, stored);
      expect([...pooled.keys()].sort()).toEqual([...names].sort());
      for (const name of names) expect(pooled.get(name)!.dataSync()).toEqual(below.get(name)!.dataSync());
    });
    built.dispose();
  });
});

describe('objectivesAt', () => {
  it('counts epochs through the weights, the last of which stay', () => {
    const weights = [1, 2, 3, 4, 9].map((epoch) => weightsAt(BRANCHED.lossWeights, epoch));
    expect(weights).toEqual([
      [0.9, 0.1],
      [0.2, 0.8],
      [0.2, 0.8],
      [0, 1],
      [0, 1],
    ]);
    expect(objectivesAt(BRANCHED, [LEVEL], 2)).toEqual([{ of: [0, 0, 1], weight: 0.2 }, { weight: 0.8 }]);
    expect(objectivesAt(MODEL, [LEVEL], 2)).toEqual([{ weight: 1 }]);
  });

  it('takes the means of a phase’s epochs', () => {
    const model = {
      ...BRANCHED,
      phases: [BRANCHED.phases[0]!, BRANCHED.phases[0]!].map((one) => ({ ...one, epochs: 2 })),
    };
    const weights = [0, 1].map((index) =>
      objectivesOfPhase(model, [LEVEL], index).map(({ weight }) => weight),
    );
    expect(weights[0]![0]).toBeCloseTo((0.9 + 0.2) / 2, 10);
    expect(weights[0]![1]).toBeCloseTo((0.1 + 0.8) / 2, 10);
    expect(weights[1]![0]).toBeCloseTo((0.2 + 0) / 2, 10);
  });

  it('refuses samples that do not tell a branch’s groups', () => {
    expect(() => objectivesAt(BRANCHED, [], 1)).toThrow(expect.objectContaining({ code: 'SAMPLES_INVALID' }));
  });
});

describe('fitTask with branches', () => {
  it('saves a model that loads with all outputs, and is scored on each level', async () => {
    const before = backend.tf.memory().numTensors;
    await fitTask(options('branched'));
    expect(backend.tf.memory().numTensors).toBe(before);
    const folder = join(colours.folder, 'branched');
    const { model, metadata } = await loadModel(backend.tf, folder);
    expect(model.outputs.map(({ shape }) => shape[1])).toEqual([2, 3]);
    expect(metadata).toMatchObject({ classes: CLASSES, branches: ['coarse'] });
    expect(metadata.levels![0]).toEqual(LEVEL);
    model.dispose();
    const { result } = await evaluateTask({
      tf: backend.tf,
      folder,
      samples: samples().filter(({ split }) => split === 'test'),
      twins: [],
      side: 'test',
      cache: colours.cache,
      natural: {},
      seed: 1,
      signal: new AbortController().signal,
    });
    const { accuracy, branchAccuracy, levelAccuracy, distance } = result.tree!;
    expect(accuracy).toBe(result.accuracy);
    expect(branchAccuracy!.coarse).toBeGreaterThan(0.6);
    expect(levelAccuracy.coarse).toBeGreaterThanOrEqual(accuracy);
    expect(distance).toBeLessThanOrEqual(3 * (1 - accuracy));
  });

  it('goes on under the right weights after a stop', async () => {
    const weights = (name: string) => readFile(join(colours.folder, name, 'weights.bin'));
    await fitTask(options('undisturbed'));
    const checkpoint = { file: join(colours.folder, 'branched.checkpoint'), key: 'k' };
    for (const stop of [1, 3]) {
      const controller = new AbortController();
      const { events, ...rest } = options('stopped', { checkpoint, signal: controller.signal });
      events.events.subscribe((event) => {
        if (event.type === 'epoch' && event.epoch >= stop) controller.abort();
      });
      await expect(fitTask({ ...rest, events })).rejects.toMatchObject({ code: 'ABORTED' });
    }
    const { history } = await fitTask(options('stopped', { checkpoint }));
    expect(history).toHaveLength(4);
    expect((await weights('stopped')).equals(await weights('undisturbed'))).toBe(true);
  });
});

describe('assertBranches', () => {
  const TEXT = `
name: a
tasks: { kind: { tree: { X: { P: [a, b], Q: [c] } } } }
model: { network: mobilenet, phases: [{ train: head, epochs: 1 }], branches: { coarse: { after: conv_pw_5_relu } } }
`;
  const check = (...overrides: string[]) => assertBranches(parseRecipe(TEXT, overrides));

  it('takes branches above a task’s labels, and as many weights as outputs', () => {
    expect(() => check()).not.toThrow();
    expect(() => check('model.lossWeights=[{epochs: 2, weights: [0.5, 0.5]}]')).not.toThrow();
  });

  it.each([
    ['model.branches.coarse.after=conv9', /^model\.branches\.coarse\.after: Expected a layer of mobilenet/],
    ['model.head.layers=[conv_pw_13_relu, conv9]', /^model\.head\.layers: Expected a layer of mobilenet/],
    ['tasks.kind.model={head: {layers: [y]}}', /^tasks\.kind\.model\.head\.layers: Expected a layer/],
    ['tasks.kind={}', /^model\.branches\.coarse: Expected a tree .* but received no tree/],
    ['tasks.kind.level=coarse', /^model\.branches\.coarse: Expected .* labels of the coarse level/],
    ['model.lossWeights=[{epochs: 1, weights: [1, 1, 1]}]', /^model\.lossWeights\.0\.weights: Expected 2/],
    ['tasks.kind.model={branches: {coarse: {after: x}}}', /^tasks\.kind\.model\.branches\.coarse\.after/],
  ])('refuses %s', (override, message) => {
    expect(() => check(override)).toThrow(message);
  });
});
