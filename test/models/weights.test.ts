import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { networks } from '#src/models/networks/index.js';
import { assignWeights, modelWeights, type NamedWeights, weightsDigest } from '#src/models/weights/named.js';
import { readPretrained } from '#src/models/weights/pretrained.js';
import { readTfjsWeights } from '#src/models/weights/tfjs-layers.js';
import { formulaWeight, formulaWeights } from './goldens.js';
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
          'Expected the weights of small-cnn but received others',
          '1 missing: block2_conv/bias',
          '1 of another shape: expected: block1_conv/kernel [3,3,3,4] but received [3,3,3,5]',
          '1 left over: predictions/bias',
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
});
