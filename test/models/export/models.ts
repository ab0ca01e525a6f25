import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { LayersModel, SymbolicTensor, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '#src/models/backends/backend.js';
import { buildClassifier } from '#src/models/classifier.js';
import { logitsLayers } from '#src/models/heads.js';
import { loadModel, type ModelMetadata, saveModel } from '#src/models/model-folder.js';
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

/** Saves a network with a head and drawn weights, at another temperature than 1. @returns its folder. */
export async function savedModel(
  tf: Tf,
  root: string,
  name: Network['name'],
  { kernel = false } = {},
): Promise<string> {
  const network = networks[name];
  const size = SIZES[name];
  const head = kernel
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
  });
  assignWeights(
    tf,
    model,
    formulaWeights(
      modelWeights(model).map(({ name: weight, variable }) => [weight, variable.shape as number[]]),
    ),
  );
  moderate(tf, model, size);
  const folder = join(root, 'model', kernel ? `${name}-kernel` : name);
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
  };
  await saveModel(folder, model, metadata);
  model.dispose();
  return folder;
}

/** Scales a classifier's last layer so that its probabilities are not all 0 or 1, which would hide what differs. */
function moderate(tf: Tf, model: LayersModel, size: number): void {
  const [logits] = logitsLayers(model);
  const upTo = tf.model({ inputs: model.inputs, outputs: logits!.output as SymbolicTensor });
  tf.tidy(() => {
    const noise = tf.randomUniform([1, size, size + 1, 3], -120, 120, 'float32', 1);
    const largest = (upTo.predict(noise) as Tensor).abs().max().dataSync()[0]!;
    logits!.setWeights(logits!.getWeights().map((weight) => weight.mul(2 / largest)));
  });
}

/** What a saved model gives for photos, levels 0..255: the network's input, its output, and with the temperature. */
export async function answers(tf: Tf, folder: string, photos: readonly Uint8Array[]) {
  const { model, metadata } = await loadModel(tf, folder);
  const { height, width, preprocessing } = metadata.input;
  const channels = channelsOf(preprocessing);
  const levels = Float32Array.from(Buffer.concat(photos));
  const input = Float32Array.from(levels, (_, at) => {
    const { from, scale, shift } = channels[at % 3]!;
    return levels[at - (at % 3) + from]! * scale + shift;
  });
  const tensor = tf.tensor(input, [photos.length, height, width, 3]);
  const output = model.predict(tensor) as Tensor;
  const probabilities = [...(await output.data())];
  const calibrated = [...softmax(probabilities.map(Math.log), metadata.classes.length, metadata.temperature)];
  tensor.dispose();
  output.dispose();
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
