import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../errors.js';
import type { PortableModel } from './portable.js';

/**
 * Copies a model folder's network: it is kept as `tf.loadLayersModel` reads it.
 * @throws {PipelineError} `LAYER_UNSUPPORTED` for a kernel head, whose layer TensorFlow.js does not have.
 */
export async function copyTfjsModel({ layers }: PortableModel, folder: string, out: string): Promise<void> {
  if (layers.some(({ kind }) => kind === 'UnitNormalization')) {
    throw new PipelineError(
      'LAYER_UNSUPPORTED',
      'Expected layers that TensorFlow.js has but received a kernel head',
      { hint: 'Export it as onnx, keras or weights-h5: in a browser, onnxruntime-web runs it.' },
    );
  }
  for (const name of ['model.json', 'weights.bin']) await copyFile(join(folder, name), join(out, name));
}
