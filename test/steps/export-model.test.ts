import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as h5 from 'h5wasm/node';
import { PbfReader } from 'pbf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { MODEL_FORMATS, type ModelFormat } from '#src/models/export/formats.js';
import { readKerasH5 } from '#src/models/weights/keras-h5.js';
import { weightsDigest } from '#src/models/weights/named.js';
import { readTfjsWeights } from '#src/models/weights/tfjs-layers.js';
import { exportModel } from '#src/steps/export-model.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { CLASSES, savedModel } from '../models/export/models.js';
import { cpu } from '../models/tf.js';

let tf: Tf;
let root: string;
let dispose: () => Promise<void>;
/** Of the network small-cnn. */
let small: string;
let mobilenet: string;
beforeAll(async () => {
  tf = await cpu();
  ({ path: root, dispose } = await temporaryFolder('export-model'));
  small = await savedModel(tf, root, 'small-cnn');
  mobilenet = await savedModel(tf, join(root, 'alone'), 'mobilenet');
});
afterAll(() => dispose());

let places = 0;
async function exported(format: ModelFormat, model = small, task?: string) {
  const out = join(root, `out-${places++}`);
  const signal = new AbortController().signal;
  return { out, summary: await exportModel({ model, format, out, signal, ...(task && { task }) }) };
}
const text = (...path: string[]) => readFile(join(...path), 'utf8');

describe('every format', () => {
  it.each(MODEL_FORMATS)('%s has the metadata and a card, and leaves nothing else', async (format) => {
    const { out, summary } = await exported(format);
    expect(summary).toMatchObject({ format, task: 'small-cnn', network: 'small-cnn', classes: 3 });
    expect(await text(out, 'metadata.json')).toBe(await text(small, 'metadata.json'));
    const files: Record<ModelFormat, string[]> = {
      tfjs: ['model.json', 'weights.bin'],
      keras: ['model.h5'],
      'weights-h5': ['model.json', 'model.weights.h5'],
      onnx: ['model.onnx'],
    };
    expect((await readdir(out)).sort()).toEqual(['README.md', 'metadata.json', ...files[format]].sort());
    const card = await text(out, 'README.md');
    expect(card).toMatch(/^---\npipeline_tag: image-classification\n/);
    for (const part of ['Not evaluated', '1. `` a `b` ``', '2. `沙发`', 'x / 255', '1.7']) {
      expect(card).toContain(part);
    }
  });

  it.each([
    ['keras', 'model.h5'],
    ['weights-h5', 'model.weights.h5'],
  ] as const)('%s holds the very weights', async (format, file) => {
    const { out } = await exported(format, mobilenet);
    const weights = await readTfjsWeights(mobilenet);
    if (format === 'weights-h5') {
      const found = await readKerasH5(join(out, file), []);
      expect(weightsDigest(found)).toBe(weightsDigest(weights));
      return;
    }
    await h5.ready;
    const opened = new h5.File(join(out, file), 'r');
    const kernel = opened.get('model_weights/conv_dw_3/conv_dw_3/depthwise_kernel') as h5.Dataset;
    expect(kernel.value).toEqual(weights.get('conv_dw_3/depthwise_kernel')!.values);
    const config = JSON.parse(String(opened.attrs['model_config']!.value)) as { class_name: string };
    expect(config.class_name).toBe('Functional');
    opened.close();
  });

  it('tfjs loads in TensorFlow.js', async () => {
    const { out } = await exported('tfjs');
    const { modelTopology, weightsManifest } = JSON.parse(await text(out, 'model.json')) as {
      modelTopology: object;
      weightsManifest: [{ weights: [] }];
    };
    const { buffer } = Uint8Array.from(await readFile(join(out, 'weights.bin')));
    const model = await tf.loadLayersModel({
      load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: buffer }),
    });
    expect(model.outputShape).toEqual([null, CLASSES.length]);
    model.dispose();
  });

  it('onnx says its version, classes and temperature', async () => {
    const { out } = await exported('onnx');
    const found = { ir: 0, opset: 0, metadata: [] as string[] };
    new PbfReader(await readFile(join(out, 'model.onnx'))).readFields((tag, into, pbf) => {
      if (tag === 1) into.ir = pbf.readVarint();
      if (tag === 8) {
        into.opset = pbf.readMessage(
          (field, version, message) => {
            if (field === 2) version.is = message.readVarint();
          },
          { is: 0 },
        ).is;
      }
      if (tag === 14) {
        pbf.readMessage((_, list, message) => list.push(message.readString()), into.metadata);
      }
    }, found);
    expect(found).toEqual({
      ir: 8,
      opset: 17,
      metadata: ['task', 'small-cnn', 'classes', JSON.stringify(CLASSES), 'temperature', '1.7'],
    });
  });

  it('is the same bytes each time', async () => {
    const [first, again] = [await exported('onnx'), await exported('onnx')];
    expect(await readFile(join(again.out, 'model.onnx'))).toEqual(
      await readFile(join(first.out, 'model.onnx')),
    );
  });
});

it('takes the figures from the run that the model lies in', async () => {
  const task = {
    samples: 200,
    splits: { train: 150, validation: 20, test: 30 },
    shares: { train: 0.75, validation: 0.1, test: 0.15 },
    twins: { train: 0, validation: 0, test: 0 },
    splitBy: 'component',
    evaluatedOn: 'test',
    accuracy: 0.8,
    accuracyInterval: [0.71, 0.88],
    naturalAccuracy: 0.79,
    top5: 1,
    macroF1: 0.78,
    loss: 0.5,
  };
  const summary = { recipe: { name: 'r', hash: 'abc' }, synthetic: false, tasks: { 'small-cnn': task } };
  const file = join(root, 'summary.json');
  await writeFile(file, JSON.stringify(summary));
  const { out, summary: done } = await exported('keras', root);
  expect(done.evaluated).toBe(true);
  const card = await text(out, 'README.md');
  for (const part of ['80.0 % (71.0 % to 88.0 %)', 'CC BY 4.0', 'leak-free', 'train 150 (75.0 %)', 'abc']) {
    expect(card).toContain(part);
  }
  await writeFile(file, JSON.stringify({ ...summary, synthetic: true }));
  expect(await text((await exported('keras', root)).out, 'README.md')).not.toContain('CC BY');
  await expect(exported('keras', root, 'brand')).rejects.toMatchObject({
    code: 'USAGE',
    hint: 'Choose: --task small-cnn',
  });
});

it('names a layer that no format can say', async () => {
  const folder = await savedModel(tf, join(root, 'strange'), 'small-cnn');
  const file = join(folder, 'model.json');
  await writeFile(file, (await text(file)).replace('"MaxPooling2D"', '"GaussianNoise"'));
  await expect(exported('onnx', folder)).rejects.toMatchObject({
    code: 'LAYER_UNSUPPORTED',
    key: 'block1_pool',
  });
});

it('says on the command line which formats fit', async () => {
  const { code, stderr } = await pipeline(['export', small, '--format', 'numpy', '--out', join(root, 'no')]);
  expect(code).toBe(2);
  expect(stderr).toContain('A model can be exported as tfjs, keras, weights-h5, onnx.');
});
