import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../errors.js';
import type { PortableModel } from './portable.js';

/** As much of a model folder's `model.json` as is changed here. */
interface ModelJson {
  modelTopology: { config: { layers: { name: string }[]; output_layers: [string, number, number][] } };
}

/**
 * Writes a network as `tf.loadLayersModel` reads it: as its model folder keeps it, without what the output does not read.
 * @param folder that it was read from
 * @throws {PipelineError} `LAYER_UNSUPPORTED` for a kernel head, whose layer TensorFlow.js does not have.
 */
export async function writeTfjsModel(
  { layers, output }: PortableModel,
  folder: string,
  out: string,
): Promise<void> {
  if (layers.some(({ kind }) => kind === 'UnitNormalization')) {
    throw new PipelineError(
      'LAYER_UNSUPPORTED',
      'Expected layers that TensorFlow.js has but received a kernel head',
      { hint: 'Export it as onnx, keras or weights-h5: in a browser, onnxruntime-web runs it.' },
    );
  }
  const { modelTopology, ...model } = JSON.parse(
    await readFile(join(folder, 'model.json'), 'utf8'),
  ) as ModelJson;
  const { config } = modelTopology;
  const names = new Set(layers.map(({ name }) => name));
  const topology = {
    ...modelTopology,
    config: {
      ...config,
      layers: config.layers.filter(({ name }) => names.has(name)),
      output_layers: config.output_layers.filter(([name]) => name === output),
    },
  };
  const weights = layers.flatMap((layer) =>
    [...layer.weights].map(([variable, weight]) => ({ name: `${layer.name}/${variable}`, ...weight })),
  );
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  await writeFile(
    join(out, 'model.json'),
    JSON.stringify({
      ...model,
      modelTopology: topology,
      weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
    }),
  );
  const bytes = weights.map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  await writeFile(join(out, 'weights.bin'), Buffer.concat(bytes));
}
