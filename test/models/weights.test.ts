import { chmod, copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as h5 from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { networks } from '#src/models/networks/index.js';
import { readKerasH5 } from '#src/models/weights/keras-h5.js';
import { assignWeights, modelWeights, type NamedWeights, weightsDigest } from '#src/models/weights/named.js';
import { readPretrained } from '#src/models/weights/pretrained.js';
import { readTfjsWeights } from '#src/models/weights/tfjs-layers.js';
import { formulaWeight, formulaWeights, hasShared, shared } from './goldens.js';
import { cpu } from './tf.js';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await cpu();
  root = await mkdtemp(join(tmpdir(), 'abo-weights-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Writes weights as a layers folder, cut into shards of `shardBytes`. */
async function writeFolder(name: string, weights: NamedWeights, shardBytes = Number.POSITIVE_INFINITY) {
  const folder = join(root, name);
  await mkdir(folder);
  const bytes = Buffer.concat([...weights.values()].map(({ values }) => Buffer.from(values.buffer)));
  const paths: string[] = [];
  for (let at = 0; at < bytes.length; at += shardBytes) {
    paths.push(`shard${paths.length}`);
    await writeFile(join(folder, paths.at(-1)!), bytes.subarray(at, at + shardBytes));
  }
  const specs = [...weights].map(([weight, { shape }]) => ({ name: weight, shape, dtype: 'float32' }));
  await writeFile(
    join(folder, 'model.json'),
    JSON.stringify({ weightsManifest: [{ paths, weights: specs }] }),
  );
  return folder;
}

const build = (alpha = 0.25) => networks['small-cnn'].build(tf, { height: 8, width: 8, alpha, seed: 3 });

function shapesOf(model: ReturnType<typeof build>) {
  return modelWeights(model).map(({ name, variable }) => [name, variable.shape as number[]] as const);
}

describe('readTfjsWeights', () => {
  it('reads shards wherever they are cut, and its digest does not see the cuts', async () => {
    const model = build();
    const weights = formulaWeights(shapesOf(model));
    const whole = await readTfjsWeights(await writeFolder('whole', weights));
    const cut = await readTfjsWeights(await writeFolder('cut', new Map([...weights].reverse()), 333));
    expect(whole).toEqual(weights);
    expect(cut).toEqual(weights);
    expect(weightsDigest(cut)).toBe(weightsDigest(whole));
    const other = new Map(weights).set('block1_conv/bias', { shape: [4], values: new Float32Array(4) });
    expect(weightsDigest(other)).not.toBe(weightsDigest(whole));
    model.dispose();
  });

  it('says what is wrong with a folder', async () => {
    const weights = new Map([['a/kernel', formulaWeight('a/kernel', [2, 3])]]);
    await expect(readTfjsWeights(join(root, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const short = await writeFolder('short', weights);
    await writeFile(join(short, 'shard0'), Buffer.alloc(20));
    await expect(readTfjsWeights(short)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: 'Expected 24 bytes in shard0 but received 20',
    });
    await rm(join(short, 'shard0'));
    await expect(readTfjsWeights(short)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const manifest = (text: string) => writeFile(join(short, 'model.json'), text);
    await manifest('{');
    await expect(readTfjsWeights(short)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    const spec = { name: 'a/kernel', shape: [2, 3], dtype: 'uint8', quantization: { scale: 1, min: 0 } };
    await manifest(JSON.stringify({ weightsManifest: [{ paths: [], weights: [spec] }] }));
    await expect(readTfjsWeights(short)).rejects.toThrow('quantised uint8');
    await manifest(JSON.stringify({ weightsManifest: [{ paths: ['../whole/shard0'], weights: [] }] }));
    await expect(readTfjsWeights(short)).rejects.toThrow('inside the folder');
  });
});

describe.skipIf(!hasShared('goldens/files'))('weights of MobileNet 0.25 that Keras wrote', () => {
  const file = (name: string) => `${shared}/goldens/files/${name}`;

  it.each(['legacy.h5', 'weights.h5', 'safetensors'])(
    'are read from %s, each number of them',
    async (kind) => {
      const { weights, alpha } = await readPretrained(
        file(`mobilenet_0.25_notop.${kind}`),
        networks.mobilenet,
      );
      expect(alpha).toBe(0.25);
      const model = networks.mobilenet.build(tf, { height: 32, width: 32, alpha, seed: 1 });
      const expected = formulaWeights(shapesOf(model));
      expect(new Map([...weights].sort())).toEqual(new Map([...expected].sort()));
      assignWeights(tf, model, weights);
      model.dispose();
      await expect(
        readPretrained(file(`mobilenet_0.25_notop.${kind}`), networks.vgg16),
      ).rejects.toMatchObject({
        code: 'WEIGHTS_MISMATCH',
        message: expect.stringMatching(
          /13 layers missing: block1_conv1, .*\n {2}\d+ layers left over: conv1/,
        ) as string,
      });
    },
  );

  it('are read from a file of early Keras 3, which names no layers', async () => {
    const path = join(root, 'nameless.weights.h5');
    await copyFile(file('mobilenet_0.25_notop.weights.h5'), path);
    await chmod(path, 0o600);
    await h5.ready;
    const opened = new h5.File(path, 'a');
    const layers = opened.get('layers') as h5.Group;
    for (const layer of layers.keys()) {
      const variables = layers.get(`${layer}/vars`) as h5.Group;
      if ('name' in variables.attrs) variables.delete_attribute('name');
    }
    opened.close();
    const named = await readPretrained(file('mobilenet_0.25_notop.weights.h5'), networks.mobilenet);
    const { weights, digest } = await readPretrained(path, networks.mobilenet);
    expect([...weights.keys()].sort()).toEqual([...named.weights.keys()].sort());
    expect(digest).toBe(named.digest);
  });

  it('are refused where the file is cut, is another, or is not there', async () => {
    const cut = async (name: string, bytes: number) => {
      const path = join(root, `${bytes}.${name}`);
      await copyFile(file(`mobilenet_0.25_notop.${name}`), path);
      await truncate(path, bytes);
      return path;
    };
    const other = join(root, 'other.h5');
    await writeFile(other, 'no weights');
    const paths = [
      file('broken-truncated.h5'),
      file('tiny.weights.h5'),
      other,
      await cut('safetensors', 500_000),
      await cut('safetensors', 5),
      await cut('weights.h5', 700_000),
    ];
    for (const path of paths) {
      const failure = await readPretrained(path, networks.mobilenet).catch(
        (error: { code: string }) => error,
      );
      expect(failure, path).toMatchObject({
        code: path.includes('tiny') ? 'WEIGHTS_MISMATCH' : 'MODEL_INVALID',
      });
    }
    for (const absent of ['none.h5', 'none.safetensors']) {
      const reading = readPretrained(join(root, absent), networks.mobilenet);
      await expect(reading).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

it('counts layers that Keras named by counting from the first again', async () => {
  const path = join(root, 'counted.h5');
  await h5.ready;
  const written = new h5.File(path, 'w');
  const layers: Record<string, [string, number[]][]> = {
    conv2d_95: [['conv2d_95_1/kernel:0', [1, 1, 3, 2]]],
    batch_normalization_10: [['a', [2]], ['b', [2]], ['c', [2]]], // biome-ignore format: a table
    activation_99: [],
    conv2d_100: [['conv2d_100_W:0', [1, 1, 2, 2]], ['conv2d_100_b:0', [2]]], // biome-ignore format: a table
    predictions: [['kernel', [2, 5]], ['bias', [5]]], // biome-ignore format: a table
  };
  written.create_attribute('layer_names', Object.keys(layers));
  for (const [layer, weights] of Object.entries(layers)) {
    const group = written.create_group(layer);
    if (weights.length > 0)
      group.create_attribute(
        'weight_names',
        weights.map(([name]) => name),
      );
    for (const [name, shape] of weights) {
      if (name.includes('/')) group.create_group(name.split('/')[0]!);
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => at);
      group.create_dataset({ name, data: values, shape });
    }
  }
  written.close();
  const known = ['conv2d', 'batch_normalization', 'activation', 'conv2d_1'];
  const network = { layers: known, weighted: new Map(), top: ['predictions'] };
  const found = await readKerasH5(path, network);
  expect([...found].map(([name, { shape }]) => [name, shape])).toEqual([
    ['conv2d/kernel', [1, 1, 3, 2]],
    ['batch_normalization/beta', [2]],
    ['batch_normalization/moving_mean', [2]],
    ['batch_normalization/moving_variance', [2]],
    ['conv2d_1/kernel', [1, 1, 2, 2]],
    ['conv2d_1/bias', [2]],
    ['predictions/kernel', [2, 5]],
    ['predictions/bias', [5]],
  ]);
  expect(found.get('conv2d_1/kernel')!.values).toEqual(Float32Array.of(0, 1, 2, 3));
});

it('names nameless layers in the order of the network’s, not in that of their own numbers', async () => {
  const path = join(root, 'ordered.weights.h5');
  await h5.ready;
  const written = new h5.File(path, 'w');
  const { weighted } = networks.inception_v3;
  const convolutions = [...weighted].filter(([, kind]) => kind === 'convolution').map(([name]) => name);
  // Names were counted as layers were made, and a model orders them by their depth, branch beside branch.
  expect(convolutions).not.toEqual(
    convolutions.map((_, index) => (index === 0 ? 'conv2d' : `conv2d_${index}`)),
  );
  const layers = written.create_group('layers');
  const write = (layer: string, value: number, shape: number[]) => {
    const variables = layers.create_group(layer).create_group('vars');
    variables.create_dataset({ name: '0', data: Float32Array.of(value), shape });
  };
  for (const index of convolutions.keys()) {
    write(index === 0 ? 'conv2d' : `conv2d_${index}`, index, [1, 1, 1, 1]);
  }
  write('dense', 7, [1, 1]);
  written.close();
  const found = await readKerasH5(path, networks.inception_v3);
  expect(convolutions.map((name) => found.get(`${name}/kernel`)!.values[0])).toEqual([
    ...convolutions.keys(),
  ]);
  expect(found.get('predictions/kernel')!.values[0]).toBe(7);
});

describe('assignWeights', () => {
  it('writes every weight by its name', () => {
    const model = build();
    const weights = formulaWeights(shapesOf(model));
    const before = tf.memory().numTensors;
    assignWeights(tf, model, weights);
    for (const { name, variable } of modelWeights(model)) {
      expect(variable.read().dataSync()).toEqual(weights.get(name)!.values);
    }
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('lists what is missing, of another shape and left over, and writes nothing', () => {
    const model = build();
    const weights = new Map(formulaWeights(shapesOf(model)));
    weights.delete('block2_conv/bias');
    weights.set('block1_conv/kernel', formulaWeight('block1_conv/kernel', [3, 3, 3, 5]));
    weights.set('predictions/bias', formulaWeight('predictions/bias', [10]));
    const before = modelWeights(model).map(({ variable }) => variable.read().dataSync().join());
    expect(() => assignWeights(tf, model, weights)).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_MISMATCH',
        message: [
          'Expected weights of small-cnn but received others',
          '1 missing: block2_conv/bias',
          '1 of another shape: expected: block1_conv/kernel [3,3,3,4] but received [3,3,3,5]',
          '1 layer left over: predictions',
        ].join('\n  '),
      }),
    );
    expect(modelWeights(model).map(({ variable }) => variable.read().dataSync().join())).toEqual(before);
    model.dispose();
  });

  it('lets the layers of an unwanted top be left over', () => {
    const model = build();
    const weights = new Map(formulaWeights(shapesOf(model)));
    weights.set('predictions/bias', formulaWeight('predictions/bias', [10]));
    expect(() => assignWeights(tf, model, weights, ['predictions'])).not.toThrow();
    model.dispose();
  });
});

describe('readPretrained', () => {
  it('reads the width multiplier off the shapes', async () => {
    const model = build(0.5);
    const folder = await writeFolder('half', formulaWeights(shapesOf(model)));
    expect((await readPretrained(folder, networks['small-cnn'])).alpha).toBe(0.5);
    await expect(readPretrained(folder, networks.mobilenet)).rejects.toMatchObject({
      code: 'WEIGHTS_MISMATCH',
    });
    model.dispose();
  });

  /** The refusal of weights in the shapes of a network, some of them changed. */
  async function refusal(name: 'vgg16' | 'resnet50', changed: [string, number[] | undefined][]) {
    const shapes = new Map(networks[name].shapesOf(1));
    for (const [weight, shape] of changed) {
      if (shape === undefined) shapes.delete(weight);
      else shapes.set(weight, shape);
    }
    const zeros = [...shapes].map(([weight, shape]) => {
      return [weight, { shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) }] as const;
    });
    const folder = await writeFolder(`refused-${refused++}`, new Map(zeros));
    const reading = readPretrained(folder, networks[name]).then(
      () => 'read',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    );
    const said = await reading;
    await rm(folder, { recursive: true });
    return said.split('\n  ').slice(1).join('; ') || said;
  }
  let refused = 0;

  it('refuses a deeper network of the same names, and every variable that is another', async () => {
    // VGG19's blocks 3 to 5 have a fourth convolution.
    const deeper = [3, 4, 5].map((block): [string, number[]] => [`block${block}_conv4/kernel`, [3, 3, 1, 1]]);
    expect(await refusal('vgg16', deeper)).toBe(
      '3 layers left over: block3_conv4, block4_conv4, block5_conv4',
    );
    expect(await refusal('vgg16', [['block1_conv1/bias', undefined]])).toBe('1 missing: block1_conv1/bias');
    expect(await refusal('vgg16', [['block1_conv1/bias', [32]]])).toBe(
      '1 of another shape: expected: block1_conv1/bias [64] but received [32]',
    );
    expect(await refusal('vgg16', [['fc1/kernel', [2, 3]]])).toBe('read');
    // ResNet101's fourth stack goes on to the 23rd block.
    expect(await refusal('resnet50', [['conv4_block7_1_conv/kernel', [1, 1, 1, 1]]])).toBe(
      '1 layer left over: conv4_block7_1_conv',
    );
  });
});
