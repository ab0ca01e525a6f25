import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs';
import { z } from 'zod';
import { PipelineError } from '../errors.js';
import { FILTERS, FITS } from '../kernels/fit.js';
import type { Tf } from './backends/backend.js';
import { kernelLayer } from './kernel/layer.js';
import { BRANCH_LEVELS } from './levels.js';
import { assignWeights, modelWeights, type NamedWeights } from './weights/named.js';
import { readTfjsWeights } from './weights/tfjs-layers.js';

const levelsSchema = z.array(
  z.object({
    level: z.enum(BRANCH_LEVELS),
    classes: z.array(z.string()).min(1),
    /** By class: the place of its group among this level's. */
    of: z.array(z.int().min(0)),
  }),
);

const metadataSchema = z.object({
  schemaVersion: z.literal(1),
  task: z.string(),
  /** In the order of the softmax. */
  classes: z.array(z.string()).min(2),
  network: z.string(),
  alpha: z.number().positive(),
  /** sha256 of the pretrained weights that training started from; null where there were none. */
  pretrained: z.string().nullable(),
  input: z.object({
    height: z.int().min(1),
    width: z.int().min(1),
    fit: z.enum(FITS),
    /** Absent: bilinear. */
    filter: z.enum(FILTERS).exactOptional(),
    decoder: z.enum(['turbo', 'sharp']),
    preprocessing: z.enum(['scale', 'tf', 'torch', 'caffe']),
  }),
  /** Probabilities are softmax(logits / temperature). */
  temperature: z.number().positive(),
  /** Whether predictions are the averages of those of a photo and of its mirror image. */
  mirror: z.literal(true).exactOptional(),
  /** The levels of the category tree above the classes, the coarsest first; absent where the task has no tree. */
  levels: levelsSchema.exactOptional(),
  /** The levels that the model's outputs name before the classes, in order; absent: the classes are its one output. */
  branches: z.array(z.enum(BRANCH_LEVELS)).exactOptional(),
  /**
   * Where tasks share a trunk: what the model's outputs predict, in order. `task` is then the name of all together, and
   * `classes` and `temperature` are the first's.
   */
  heads: z
    .array(
      z.object({
        task: z.string(),
        classes: z.array(z.string()).min(2),
        temperature: z.number().positive(),
        levels: levelsSchema.exactOptional(),
      }),
    )
    .min(1)
    .exactOptional(),
});

/** What a model's folder says of it. */
export const METADATA = 'metadata.json';

/** Everything beside the weights that turns a photo into a class. */
export type ModelMetadata = z.output<typeof metadataSchema>;

/**
 * Writes a whole network, base and head, as a folder: model.json and weights.bin in TensorFlow.js layers format, and
 * metadata.json. Equal models give equal bytes. A folder that is there is replaced, at once.
 */
export async function saveModel(folder: string, model: LayersModel, metadata: ModelMetadata): Promise<void> {
  const weights = modelWeights(model);
  const manifest = {
    format: 'layers-model',
    generatedBy: 'abo-pipeline',
    modelTopology: model.toJSON(undefined, false),
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: weights.map(({ name, variable: { shape } }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  };
  const read = weights.map(async ({ variable }) => {
    const { buffer, byteOffset, byteLength } = await variable.read().data<'float32'>();
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  const values = await Promise.all(read);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, 'model.json'), JSON.stringify(manifest));
  await writeFile(join(unfinished, 'weights.bin'), Buffer.concat(values));
  await writeFile(join(unfinished, METADATA), `${JSON.stringify(metadata, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/**
 * Reads a model's metadata.
 * @throws {PipelineError} `NOT_FOUND`, or `MODEL_INVALID` where it is not of this version.
 */
export async function readModelMetadata(folder: string): Promise<ModelMetadata> {
  const file = join(folder, METADATA);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `Expected a model in ${folder}`, {
      hint: '`pipeline run` writes one into RUN/model/<task>.',
      cause: error,
    });
  });
  try {
    return metadataSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new PipelineError('MODEL_INVALID', `Expected a model’s metadata of version 1 in ${file}`, {
      hint: 'Train the model again with this version.',
      cause: error,
    });
  }
}

/**
 * What one of a model's tasks has alone, and which of its outputs are its classes': where tasks do not share a trunk the last.
 * @throws {PipelineError} `NOT_FOUND` where a shared trunk has no head of the task.
 */
export function headOfTask(
  { heads, ...metadata }: ModelMetadata,
  task: string,
): Pick<ModelMetadata, 'classes' | 'temperature' | 'levels'> & { output: number } {
  if (heads === undefined) return { ...metadata, output: -1 };
  const output = heads.findIndex((head) => head.task === task);
  if (output >= 0) return { ...heads[output]!, output };
  throw new PipelineError('NOT_FOUND', `Expected a head of ${task} in the model of ${metadata.task}`, {
    hint: `It has ${heads.map((head) => head.task).join(', ')}.`,
  });
}

/**
 * Loads a model that `saveModel` wrote, with its weights as they were read. The model is the caller's to dispose.
 * @throws {PipelineError} as `readModelMetadata` and `readTfjsWeights`; `WEIGHTS_MISMATCH`.
 */
export async function loadModel(
  tf: Tf,
  folder: string,
): Promise<{ model: LayersModel; metadata: ModelMetadata; weights: NamedWeights }> {
  const metadata = await readModelMetadata(folder);
  const weights = await readTfjsWeights(folder);
  const { modelTopology } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as {
    modelTopology: object;
  };
  let model: LayersModel;
  try {
    kernelLayer(tf);
    model = await tf.loadLayersModel({ load: async () => ({ modelTopology }) });
  } catch (error) {
    throw new PipelineError('MODEL_INVALID', `Expected a network’s topology in ${folder}/model.json`, {
      hint: 'Train the model again.',
      cause: error,
    });
  }
  try {
    assignWeights(tf, model, weights);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { model, metadata, weights };
}
