import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { buildClassifier, frozenLayers, POOL } from '#src/models/classifier.js';
import { cutModel } from '#src/models/cut.js';
import { assertPhases, networks } from '#src/models/networks/index.js';
import type { Network, Weighted } from '#src/models/networks/network.js';
import { assignWeights, modelWeights } from '#src/models/weights/named.js';
import { readPretrained } from '#src/models/weights/pretrained.js';
import type { PhaseRecipe } from '#src/recipe.js';
import { parseRecipe } from '#src/recipe-file.js';
import { golden, hasShared, shared, unit } from './goldens.js';
import { expectOutputs } from './network-goldens.js';
import { cpu } from './tf.js';

let tf: Tf;
beforeAll(async () => {
  tf = await cpu();
});

interface GoldenLayer {
  name: string;
  type: string;
  from: string[];
  shape: number[];
  weights: [string, number[]][];
  trainable: number;
  fixed: number;
  [configuration: string]: unknown;
}

/** The model's layer as the goldens describe one. */
function describeLayer(layer: LayersModel['layers'][number], like: GoldenLayer): GoldenLayer {
  const config = layer.getConfig() as Record<string, unknown>;
  const snake = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      value,
    ]),
  );
  const size = (weights: { shape: (number | null)[] }[]) =>
    weights.reduce((sum, { shape }) => sum + shape.reduce<number>((a, b) => a * b!, 1), 0);
  const described: GoldenLayer = {
    name: layer.name,
    type: layer.getClassName(),
    from: layer.inboundNodes[0]!.inboundLayers.map(({ name }) => name),
    shape: (layer.outputShape as number[]).slice(1),
    weights: layer.weights.map(({ originalName, shape }) => [originalName.split('/')[1]!, shape as number[]]),
    trainable: size(layer.trainableWeights),
    fixed: size(layer.nonTrainableWeights),
  };
  for (const key of Object.keys(like)) {
    if (key in described || key === 'zeroPadding') continue;
    described[key] = snake[key];
  }
  return described;
}

/** The layer table that keras.applications has for an input size. */
function expectLayers(
  network: Network,
  file: string,
  options: { size: number; alpha?: number; top?: boolean },
) {
  const { size, alpha = 1, top = false } = options;
  const table = golden<Record<string, { parameters: number; layers: GoldenLayer[] }>>(
    `networks/${file}.layers.json.gz`,
  )[`${size}${top ? '-top' : ''}`]!;
  const model = network.build(tf, { height: size, width: size, alpha, top, seed: 1 });
  const expected = table.layers.map(({ zeroPadding: _, ...layer }) => layer);
  for (const layer of expected) {
    // One that keeps its dimensions is none of TensorFlow.js's.
    if (layer.type === 'GlobalAveragePooling2D' && layer.shape.length === 3) layer.type = 'AveragePooling2D';
  }
  expect(model.layers.map((layer, index) => describeLayer(layer, table.layers[index]!))).toEqual(expected);
  expect(model.countParams()).toBe(table.parameters);
  const features = model.layers.findIndex(({ name }) => name === network.featureLayer);
  for (const { name, shape } of table.layers.slice(1, features + 1)) {
    expect(network.channelsOf(name, alpha), name).toBe(shape.at(-1));
  }
  const above = model.layers.slice(features + 1);
  expect(above.filter(({ weights }) => weights.length > 0).map(({ name }) => name)).toEqual(
    top ? network.top : [],
  );
  model.dispose();
}

const runs = hasShared('goldens/networks', 'mobilenet_v1_0.75_224');

describe.skipIf(!runs)('mobilenet', () => {
  it.each([0.25, 0.75])('has the layers of keras.applications at alpha %d', (alpha) =>
    expectLayers(networks.mobilenet, `mobilenet_${alpha}`, { size: 224, alpha }),
  );

  it.each([0.25, 0.75])('has their top at alpha %d', (alpha) =>
    expectLayers(networks.mobilenet, `mobilenet_${alpha}`, { size: 224, alpha, top: true }),
  );

  it.each([0.25, 0.75])('computes what Keras computes at alpha %d', (alpha) =>
    expectOutputs(tf, networks.mobilenet, `mobilenet_${alpha}`, alpha),
  );

  it('gives the pooled features and the classes of the real weights', async () => {
    const expected = golden<{ inputs: string[]; top5: [number, number][][]; gap: number[][] }>(
      'pretrained.json.gz',
    );
    const pretrained = await readPretrained(`${shared}/mobilenet_v1_0.75_224`, networks.mobilenet);
    expect(pretrained.alpha).toBe(0.75);
    const options = { height: 224, width: 224, alpha: pretrained.alpha, top: true, seed: 1 };
    const model = networks.mobilenet.build(tf, options);
    assignWeights(tf, model, pretrained.weights);
    const features = model.getLayer(networks.mobilenet.featureLayer).output as (typeof model.outputs)[0];
    const probe = tf.model({ inputs: model.inputs, outputs: [features, model.outputs[0]!] });
    const pixels = await Promise.all(
      expected.inputs.map((file) => sharp(`${shared}/goldens/${file}`).removeAlpha().raw().toBuffer()),
    );
    tf.tidy(() => {
      const input = tf.tensor(Float32Array.from(Buffer.concat(pixels)), [pixels.length, 224, 224, 3]);
      const [maps, classes] = probe.predict(input.div(127.5).sub(1)) as Tensor[];
      const probabilities = classes!.arraySync() as number[][];
      const gap = maps!.mean([1, 2]).arraySync() as number[][];
      for (const [row, values] of expected.gap.entries()) {
        for (const [k, value] of values.entries()) expect(Math.abs(gap[row]![k]! - value)).toBeLessThan(1e-4);
        const order = probabilities[row]!.map((p, index) => [index, p] as const).sort((a, b) => b[1] - a[1]);
        expect(order.slice(0, 5).map(([index]) => index)).toEqual(
          expected.top5[row]!.map(([index]) => index),
        );
        for (const [rank, [, p]] of expected.top5[row]!.entries()) {
          expect(Math.abs(order[rank]![1] - p)).toBeLessThan(1e-4);
        }
      }
    });
    model.dispose();
  });
});

describe('mobilenet of another width', () => {
  // keras.applications.MobileNet(alpha=…, include_top=False).count_params()
  it.each([
    [0.5, 829_536],
    [1, 3_228_864],
  ])('has the parameters of keras.applications at alpha %d', (alpha, parameters) => {
    const model = networks.mobilenet.build(tf, { height: 32, width: 32, alpha, seed: 1 });
    expect(model.countParams()).toBe(parameters);
    model.dispose();
  });

  it.each([0.1, 0.35, 0.6, 1.3])('is known by its weights at alpha %d', (alpha) => {
    const shapesAt = (width: number) => {
      const model = networks.mobilenet.build(tf, { height: 32, width: 32, alpha: width, seed: 1 });
      const shapes = modelWeights(model).map(
        ({ name, variable: { shape } }) => [name, shape as number[]] as const,
      );
      model.dispose();
      return shapes;
    };
    const shapes = shapesAt(alpha);
    expect(shapesAt(networks.mobilenet.alphaOf(new Map(shapes)))).toEqual(shapes);
  });
});

describe('vgg16', () => {
  const network = networks.vgg16;
  let wasm: StartedBackend;
  beforeAll(async () => {
    wasm = await startBackend('wasm');
  });
  afterAll(async () => {
    await wasm.stop();
    await cpu();
  });

  it.skipIf(!runs).each([224, 256])('has the layers of keras.applications at %d pixels', (size) =>
    expectLayers(network, 'vgg16', { size }),
  );

  it.skipIf(!runs)('has their top', () => {
    tf = wasm.tf;
    expectLayers(network, 'vgg16', { size: 224, top: true });
  });

  it.skipIf(!runs)('computes what Keras computes', () => expectOutputs(tf, network, 'vgg16'));

  it('trains the layers that Keras would train', () => {
    const head = { units: [16], dropout: 0, labelSmoothing: 0 };
    const model = buildClassifier(tf, { network, height: 32, width: 32, classes: 3, head, seed: 1 });
    const block5 = ['block5_conv1', 'block5_conv2', 'block5_conv3'];
    const trained = (train: PhaseRecipe['train']) => {
      const phase = { train, epochs: 1, optimizer: 'adam', learningRate: 1 } as const;
      const names = cutModel(tf, model, frozenLayers(model, network, phase)).variables.map(
        ({ name }) => name.split('/')[0]!,
      );
      const base = [...new Set(names)].filter((name) => name.startsWith('block'));
      expect(new Set(names).size - base.length, 'layers of the head').toBe(2);
      return base;
    };
    const all = model.layers
      .filter(({ weights }) => weights.length > 0)
      .map(({ name }) => name)
      .slice(0, 13);
    // Keras's base.layers: the input, 13 convolutions and 5 pools.
    expect(model.layers.findIndex(({ name }) => name === POOL)).toBe(19);
    expect(trained('head')).toEqual([]);
    expect(trained({ from: 'block5_conv1' })).toEqual(block5);
    expect(trained({ last: 1 })).toEqual([]);
    expect(trained({ last: 2 })).toEqual(['block5_conv3']);
    expect(trained({ last: 4 })).toEqual(block5);
    expect(trained({ last: 5 })).toEqual(block5);
    expect(trained({ last: 6 })).toEqual(['block4_conv3', ...block5]);
    expect(trained({ last: 17 })).toEqual(all.slice(1));
    for (const last of [18, 19, 20]) expect(trained({ last })).toEqual(all);
    expect(trained('all')).toEqual(all);
    model.dispose();
  });
});

describe.each([
  ['resnet50', [224, 256]],
  ['inception_v3', [299]],
] as const)('%s', (name, sizes) => {
  const network = networks[name];
  let wasm: StartedBackend;
  beforeAll(async () => {
    wasm = await startBackend('wasm');
    tf = wasm.tf;
  });
  afterAll(async () => {
    await wasm.stop();
    tf = await cpu();
  });

  it.skipIf(!runs).each(sizes)('has the layers of keras.applications at %d pixels', (size) =>
    expectLayers(network, name, { size }),
  );

  it.skipIf(!runs)('has their top', () => expectLayers(network, name, { size: sizes[0], top: true }));

  it.skipIf(!runs)('computes what Keras computes', () => expectOutputs(tf, network, name), 60_000);
});

describe('small-cnn', () => {
  it.each([8, 13, 64])('ends in its features at %d pixels', (size) => {
    const network = networks['small-cnn'];
    const model = network.build(tf, { height: size, width: size, alpha: 0.5, seed: 1 });
    expect(model.layers.at(-1)!.name).toBe(network.featureLayer);
    for (const { name, outputShape } of model.layers.slice(1)) {
      expect(network.channelsOf(name, 0.5), name).toBe(outputShape.at(-1));
    }
    const output = tf.tidy(
      () => (model.predict(tf.ones([2, size, size, 3])) as ReturnType<Tf['tensor']>).shape,
    );
    expect(output[0]).toBe(2);
    model.dispose();
  });

  it('draws its weights from the seed and the layer’s name', () => {
    const weights = (seed: number) => {
      const model = networks['small-cnn'].build(tf, { height: 8, width: 8, seed });
      const values = modelWeights(model).map(({ variable }) => Array.from(variable.read().dataSync()));
      model.dispose();
      return values;
    };
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it('leaves no tensor behind when it is disposed', () => {
    const before = tf.memory().numTensors;
    networks['small-cnn'].build(tf, { height: 8, width: 8, seed: 1 }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.skipIf(!runs)('the goldens’ weight formula', () => {
  it('is the one that the goldens were made with', () => {
    const vectors = golden<{ unit: { seed: number; first: number[] } }>('weights.json');
    expect(Array.from(unit(vectors.unit.seed, vectors.unit.first.length))).toEqual(vectors.unit.first);
  });
});

it.each(Object.values(networks))('$name names the layers that it builds', (network) => {
  const model = network.build(tf, { height: 96, width: 96, alpha: 0.25, seed: 1 });
  expect(model.layers.slice(1).map(({ name }) => name)).toEqual(network.layers);
  model.dispose();
});

it.each(Object.values(networks))('$name says the shapes of the weights that it builds', (network) => {
  for (const alpha of [0.25, 0.6, 1]) {
    const model = network.build(tf, { height: 96, width: 96, alpha, seed: 1 });
    const built = modelWeights(model).map(({ name, variable }) => [name, variable.shape as number[]]);
    expect([...network.shapesOf(alpha)]).toEqual(built);
    model.dispose();
  }
});

it.each(Object.values(networks))('$name names the layers that have weights, and their kinds', (network) => {
  const model = network.build(tf, { height: 96, width: 96, alpha: 0.25, seed: 1 });
  const weighted = model.layers.filter(({ weights }) => weights.length > 0);
  const kinds: Record<string, Weighted> = {
    BatchNormalization: 'batch norm',
    Conv2D: 'convolution',
    DepthwiseConv2D: 'depthwise convolution',
  };
  expect(weighted.map((layer) => [layer.name, kinds[layer.getClassName()]])).toEqual([...network.weighted]);
  model.dispose();
});

describe('assertPhases', () => {
  const refusal = (network: string, phase: string, more = '') => {
    try {
      assertPhases(
        parseRecipe(`
name: x
tasks: { color: {} }
${more}
model: { network: ${network}, phases: [{ train: head, epochs: 1 }, { epochs: 1, ${phase} }] }
`),
      );
    } catch (error) {
      expect(error).toMatchObject({ code: 'RECIPE_INVALID' });
      return (error as Error).message;
    }
    return undefined;
  };

  it('refuses a phase that begins at no layer, before any work', () => {
    expect(refusal('small-cnn', 'train: { from: block9_conv }')).toBe(
      'model.phases.1.train.from: Expected a layer of small-cnn but received "block9_conv"',
    );
    expect(refusal('small-cnn', 'train: { from: block2_conv }')).toBeUndefined();
  });

  it.each([
    ['vgg16', 'train: { last: 1 }', true],
    ['vgg16', 'train: { last: 2 }', false],
    ['vgg16', 'train: { last: 20 }', false],
    ['vgg16', 'train: { from: block5_pool }', true],
    ['vgg16', 'train: head', false],
    ['mobilenet', 'train: { last: 1 }', true],
    ['mobilenet', 'train: { last: 2 }', false],
    ['mobilenet', 'train: { last: 2 }, batchNorm: frozen', true],
    ['mobilenet', 'train: { last: 3 }, batchNorm: frozen', false],
    ['inception_v3', 'train: { from: mixed10 }', true],
    ['resnet50', 'train: { last: 2 }', true],
    ['resnet50', 'train: { last: 3 }', false],
  ])('of %s refuses %s: %s', (network, phase, refused) => {
    const found = refusal(network, phase);
    if (refused) expect(found).toMatch(/^model.phases.1.train: Expected layers of .* with weights/);
    else expect(found).toBeUndefined();
    // As the post did it.
    expect(refusal(network, phase, 'faithful: true')).toBeUndefined();
  });

  it('names the task whose own phases they are', () => {
    const recipe = parseRecipe(`
name: x
tasks: { color: { model: { phases: [{ train: { last: 1 }, epochs: 1 }] } } }
model: { network: vgg16, phases: [{ train: all, epochs: 1 }] }
`);
    expect(() => assertPhases(recipe)).toThrow(/^tasks.color.model.phases.0.train: /);
  });
});
