import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFormat } from './formats.js';
import { kerasConfig } from './keras-config.js';
import { writeKerasModel, writeKerasWeights } from './keras-h5.js';
import { onnxModel } from './onnx.js';
import type { PortableModel } from './portable.js';
import { writeTfjsModel } from './tfjs.js';

/** Writes a network's files into a folder. `from` is the folder that the model was read from. */
export type ModelWriter = (options: { model: PortableModel; from: string; out: string }) => Promise<void>;

export const modelWriters: Readonly<Record<ModelFormat, ModelWriter>> = {
  tfjs: ({ model, from, out }) => writeTfjsModel(model, from, out),
  keras: ({ model, out }) => writeKerasModel(join(out, 'model.h5'), model),
  async 'weights-h5'({ model, out }) {
    await writeFile(join(out, 'model.json'), JSON.stringify(kerasConfig(model)));
    await writeKerasWeights(join(out, 'model.weights.h5'), model);
  },
  onnx: ({ model, out }) => writeFile(join(out, 'model.onnx'), onnxModel(model)),
};
