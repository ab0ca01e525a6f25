import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import * as h5 from 'h5wasm/node';
import { PbfReader } from 'pbf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { MODEL_FORMATS, type ModelFormat } from '#src/models/export/formats.js';
import { readModelMetadata } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import { readKerasH5 } from '#src/models/weights/keras-h5.js';
import { weightsDigest } from '#src/models/weights/named.js';
import { readTfjsWeights } from '#src/models/weights/tfjs-layers.js';
import { exportModel } from '#src/steps/export-model.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { answers, CLASSES, savedModel, TRUNK_TASKS } from '../models/export/models.js';
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

/** An exported model as TensorFlow.js loads it, and its answer to one photo of noise. */
async function loaded(out: string) {
  const { modelTopology, weightsManifest } = JSON.parse(await text(out, 'model.json')) as {
    modelTopology: object;
    weightsManifest: [{ weights: [] }];
  };
  const { buffer } = Uint8Array.from(await readFile(join(out, 'weights.bin')));
  return tf.loadLayersModel({
    load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: buffer }),
  });
}

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
      const found = await readKerasH5(join(out, file), networks.mobilenet);
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
    const model = await loaded(out);
    expect(model.outputShape).toEqual([null, CLASSES.length]);
    model.dispose();
    // All of it is there: nothing is another than in the run's.
    expect(await readFile(join(out, 'weights.bin'))).toEqual(await readFile(join(small, 'weights.bin')));
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

describe('a model of several outputs', () => {
  const [brand, color] = TRUNK_TASKS;
  const photo = Uint8Array.from({ length: 25 * 26 * 3 }, (_, at) => (at * 37) % 256);
  const namesIn = async (out: string) => {
    const { modelTopology } = JSON.parse(await text(out, 'model.json')) as {
      modelTopology: { config: { layers: { name: string }[] } };
    };
    return modelTopology.config.layers.map(({ name }) => name);
  };

  it.each([
    ['branches', undefined, 'small-cnn', /^coarse_/],
    ['trunk', color, color, /^brand_/],
  ] as const)('%s: gives one task’s classes alone', async (kind, task, name, others) => {
    const folder = await savedModel(tf, join(root, kind), 'small-cnn', kind);
    const { out, summary } = await exported('tfjs', folder, task);
    expect(summary).toMatchObject({ task: name, classes: CLASSES.length });
    expect((await namesIn(folder)).some((layer) => others.test(layer))).toBe(true);
    expect((await namesIn(out)).filter((layer) => others.test(layer))).toEqual([]);
    const metadata = await readModelMetadata(out);
    expect(metadata).toMatchObject({ task: name, classes: CLASSES, temperature: 1.7 });
    expect(metadata.levels).toHaveLength(1);
    expect(metadata).not.toHaveProperty('branches');
    expect(metadata).not.toHaveProperty('heads');
    expect(await text(out, 'README.md')).toContain(`# ${name}: small-cnn`);

    const { input, shape, probabilities } = await answers(tf, folder, [photo], task);
    const model = await loaded(out);
    const answer = model.predict(tf.tensor(input, shape)) as Tensor;
    expect(answer.shape).toEqual([1, CLASSES.length]);
    expect([...(await answer.data())]).toEqual(probabilities);
    model.dispose();
    for (const format of MODEL_FORMATS) await exported(format, folder, task);
  });

  it('asks which of a trunk’s tasks, and takes what it names, of a run, of its models’ and of the model’s own folder', async () => {
    const run = join(root, 'trunk-run');
    const folder = await savedModel(tf, run, 'small-cnn', 'trunk');
    for (const model of [run, join(run, 'model'), folder]) {
      const hint = `Choose: --task ${brand}, --task ${color}`;
      await expect(exported('onnx', model)).rejects.toMatchObject({ code: 'USAGE', hint });
      await expect(exported('onnx', model, 'shape')).rejects.toMatchObject({ code: 'USAGE', hint });
      expect((await exported('onnx', model, brand)).summary).toMatchObject({ task: brand, classes: 2 });
    }
  });

  it('names the folders where a run has two models of a task', async () => {
    const run = join(root, 'two-models');
    const trunk = await savedModel(tf, run, 'small-cnn', 'trunk');
    const alone = await savedModel(tf, run, 'small-cnn');
    const metadata = await readModelMetadata(alone);
    await writeFile(join(alone, 'metadata.json'), JSON.stringify({ ...metadata, task: color }));
    await expect(exported('onnx', run, color)).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining(`${alone} or ${trunk}`) as string,
    });
  });
});

describe('a model in a run', () => {
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

  /** The card of a model in a run of such a summary and recipe. */
  async function cardOf(run: object, recipe?: object) {
    await writeFile(join(root, 'summary.json'), JSON.stringify(run));
    await rm(join(root, 'recipe.json'), { force: true });
    if (recipe !== undefined) await writeFile(join(root, 'recipe.json'), JSON.stringify(recipe));
    const { out, summary: done } = await exported('keras', root);
    expect(done.evaluated).toBe(true);
    return text(out, 'README.md');
  }

  it('has its figures', async () => {
    const card = await cardOf(summary);
    for (const part of ['80.0 % (71.0 % to 88.0 %)', 'leak-free', 'train 150 (75.0 %)', 'abc']) {
      expect(card).toContain(part);
    }
    await expect(exported('keras', root, 'brand')).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'Choose: --task small-cnn',
    });
  });

  it.each([
    ['abo', 'amazon-berkeley-objects', /from a dump in the layout of .*CC BY 4\.0/],
    ['folder', 'r', /A catalogue of the user's own, .*: its licence is not known here/],
    ['records', 'r', /A catalogue of the user's own, .*: its licence is not known here/],
    [undefined, 'r', /Not known: its run does not say\. Where it was trained on Amazon/],
  ])('of the source %s names that data and its licence', async (kind, data, said) => {
    const recipe = kind === undefined ? undefined : { source: { kind } };
    const card = await cardOf(summary, recipe);
    expect(card).toMatch(said);
    expect(card).toContain(`dataset: { type: "${data}", name: "${data}", split: test }`);
    expect(card.includes('Amazon')).toBe(kind === 'abo' || kind === undefined);
    const drawn = await cardOf({ ...summary, synthetic: true }, recipe);
    expect(drawn).toContain('dataset: { type: "synthetic", name: "synthetic"');
    expect(drawn).not.toContain('CC BY');
  });

  it.each([
    ['keras', 'ImageOps.expand(image'],
    ['tfjs', '.pad([[top'],
  ] as const)(
    'says in %s how photos are fitted, and that a mirror image is averaged in',
    async (format, code) => {
      const model = await savedModel(tf, join(root, `letterbox-${format}`), 'small-cnn');
      const metadata = await readModelMetadata(model);
      const input = { ...metadata.input, fit: 'letterbox' };
      await writeFile(join(model, 'metadata.json'), JSON.stringify({ ...metadata, input, mirror: true }));
      const card = await text((await exported(format, model)).out, 'README.md');
      for (const part of [
        code,
        'fits a photo as in training (letterbox)',
        'averages with its mirror image',
      ]) {
        expect(card).toContain(part);
      }
    },
  );

  it('whose recipe is damaged is refused', async () => {
    await cardOf(summary);
    await writeFile(join(root, 'recipe.json'), '{');
    await expect(exported('keras', root)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('recipe.json') as string,
    });
    await rm(join(root, 'recipe.json'));
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

it('takes RUN/model on the command line, and names what it takes where there is no model', async () => {
  const onnx = (model: string) =>
    pipeline(['export', model, '--format', 'onnx', '--out', join(root, `told-${places++}`)]);
  const { code, stdout } = await onnx(join(root, 'model'));
  expect([code, stdout]).toEqual([0, expect.stringContaining('small-cnn for 3 classes')]);
  for (const path of [join(root, 'absent'), join(small, 'model.json')]) {
    const refused = await onnx(path);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`USAGE: Expected one model in ${path} but found none`);
    expect(refused.stderr).toContain('Name RUN, RUN/model or RUN/model/TASK');
  }
});
