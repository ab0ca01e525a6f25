import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { LayersModel, SymbolicTensor, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '#src/models/backends/backend.js';
import { buildClassifier, type ClassifierOptions } from '#src/models/classifier.js';
import { logitsLayers } from '#src/models/heads.js';
import { headOfTask, loadModel, type ModelMetadata, saveModel } from '#src/models/model-folder.js';
import { networks } from '#src/models/networks/index.js';
import type { Network } from '#src/models/networks/network.js';
import { softmax } from '#src/models/temperature.js';
import { assignWeights, modelWeights } from '#src/models/weights/named.js';
import { channelsOf } from '#src/normalisation.js';
import { formulaWeights } from '../goldens.js';

/** The smallest size of each network that is no multiple of 32, so that `same` pads unevenly. */
const SIZES: Record<Network['name'], number> = {
  inception_v3: 77,
  mobilenet: 50,
  resnet50: 50,
  'small-cnn': 25,
  vgg16: 35,
};
export const CLASSES = ['CHAIR', 'a `b`', '沙发'];

export type HeadKind = 'plain' | 'kernel' | 'branches' | 'trunk';
/** The tasks of a trunk, in the order of its outputs. */
export const TRUNK_TASKS = ['brand', 'color'] as const;
const BRANDS = ['A', 'B'];
const LEVEL = { level: 'coarse' as const, classes: ['SEAT', 'X'], of: [0, 1, 1] };

/** What a model of several outputs is built and told by, beside what all are. */
const SEVERAL: Partial<
  Record<HeadKind, { built: Partial<ClassifierOptions>; told: Partial<ModelMetadata> }>
> = {
  branches: {
    built: { branches: [{ name: 'coarse', after: 'block2_pool', classes: 2, units: [4] }] },
    told: { levels: [LEVEL], branches: ['coarse'] },
  },
  trunk: {
    built: {
      heads: [BRANDS, CLASSES].map((classes, index) => ({
        prefix: `${TRUNK_TASKS[index]}_`,
        classes: classes.length,
        head: { units: [6 - index], dropout: 0.3, labelSmoothing: 0 },
      })),
    },
    told: {
      task: TRUNK_TASKS.join('+'),
      classes: BRANDS,
      temperature: 1.2,
      heads: [
        { task: TRUNK_TASKS[0], classes: BRANDS, temperature: 1.2 },
        { task: TRUNK_TASKS[1], classes: CLASSES, temperature: 1.7, levels: [LEVEL] },
      ],
    },
  },
};

/** Saves a network with a head and drawn weights, at another temperature than 1. @returns its folder. */
export async function savedModel(
  tf: Tf,
  root: string,
  name: Network['name'],
  kind: HeadKind = 'plain',
): Promise<string> {
  const network = networks[name];
  const size = SIZES[name];
  const head =
    kind === 'kernel'
      ? { units: [], dropout: 0, labelSmoothing: 0, kernel: { gamma: 2, ridge: 0.1 } }
      : { units: [6], dropout: 0.3, labelSmoothing: 0 };
  const model = buildClassifier(tf, {
    network,
    height: size,
    width: size + 1,
    classes: CLASSES.length,
    head,
    centres: 5,
    seed: 1,
    ...SEVERAL[kind]?.built,
  });
  assignWeights(
    tf,
    model,
    formulaWeights(
      modelWeights(model).map(({ name: weight, variable }) => [weight, variable.shape as number[]]),
    ),
  );
  moderate(tf, model, size);
  const folder = join(root, 'model', kind === 'plain' ? name : `${name}-${kind}`);
  const input = { height: size, width: size + 1, fit: 'stretch', decoder: 'turbo' } as const;
  const metadata: ModelMetadata = {
    schemaVersion: 1,
    task: name,
    classes: CLASSES,
    network: name,
    alpha: 1,
    pretrained: null,
    input: { ...input, preprocessing: network.preprocessing },
    temperature: 1.7,
    ...SEVERAL[kind]?.told,
  };
  await saveModel(folder, model, metadata);
  model.dispose();
  return folder;
}

/** Scales the last layer of a classifier's last output so that its probabilities are not all 0 or 1, which would hide what differs. */
function moderate(tf: Tf, model: LayersModel, size: number): void {
  const logits = logitsLayers(model).at(-1);
  const upTo = tf.model({ inputs: model.inputs, outputs: logits!.output as SymbolicTensor });
  tf.tidy(() => {
    const noise = tf.randomUniform([1, size, size + 1, 3], -120, 120, 'float32', 1);
    const largest = (upTo.predict(noise) as Tensor).abs().max().dataSync()[0]!;
    logits!.setWeights(logits!.getWeights().map((weight) => weight.mul(2 / largest)));
  });
}

/**
 * What a saved model gives for photos, levels 0..255: the network's input, its classes' output, and with the temperature.
 * @param task whose classes, of a trunk
 */
export async function answers(tf: Tf, folder: string, photos: readonly Uint8Array[], task?: string) {
  const { model, metadata } = await loadModel(tf, folder);
  const { classes, temperature, output: place } = headOfTask(metadata, task ?? metadata.task);
  const { height, width, preprocessing } = metadata.input;
  const channels = channelsOf(preprocessing);
  const levels = Float32Array.from(Buffer.concat(photos));
  const input = Float32Array.from(levels, (_, at) => {
    const { from, scale, shift } = channels[at % 3]!;
    return levels[at - (at % 3) + from]! * scale + shift;
  });
  const tensor = tf.tensor(input, [photos.length, height, width, 3]);
  const outputs = [model.predict(tensor)].flat();
  const probabilities = [...(await outputs.at(place)!.data())];
  const calibrated = [...softmax(probabilities.map(Math.log), classes.length, temperature)];
  tensor.dispose();
  tf.dispose(outputs);
  model.dispose();
  return { shape: [photos.length, height, width, 3], levels, input, probabilities, calibrated };
}

const PYTHON = process.env['ABO_PYTHON_KERAS'];

/** Whether there is a Python with keras and onnxruntime; says so where there is none. */
export function pythonKeras(): boolean {
  if (PYTHON !== undefined) return true;
  console.warn(
    'SKIPPED: loading exported models (ABO_PYTHON_KERAS names a Python with keras, jax and onnxruntime)',
  );
  return false;
}

/** Runs a Python program; @returns the JSON of its last line. */
export function keras(program: string, ...args: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(PYTHON!, ['-c', program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, KERAS_BACKEND: process.env['KERAS_BACKEND'] ?? 'jax' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}
