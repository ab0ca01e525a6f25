import { createHash } from 'node:crypto';
import type { LayersModel } from '@tensorflow/tfjs';
import { PipelineError } from '../../errors.js';
import type { Tf } from '../backends/backend.js';

/** One weight: float32 values, row-major. */
export interface Weight {
  shape: readonly number[];
  values: Float32Array;
}

/** Weights by `layer/variable`, as Keras names them: `conv1/kernel`, `conv1_bn/gamma`. */
export type NamedWeights = ReadonlyMap<string, Weight>;

/** sha256 over names, shapes and values in the order of the names, hex: how the file cut them into shards is left out. */
export function weightsDigest(weights: NamedWeights): string {
  const hash = createHash('sha256');
  for (const [name, { shape, values }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${shape.join(',')}\0`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** A model's weights with their names, in the order of its layers. */
export function modelWeights(model: LayersModel) {
  return model.layers.flatMap((layer) =>
    layer.weights.map((variable) => ({ name: variable.originalName, layer: layer.name, variable })),
  );
}

/** The layer that a weight belongs to. */
export const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));

/**
 * Writes weights into a model by name and shape.
 * @param top the layers whose weights may be left over: a classifier that is not wanted.
 * @throws {PipelineError} `WEIGHTS_MISMATCH` listing what is missing, of another shape, and left over. Nothing is
 *   written then.
 */
export function assignWeights(
  tf: Tf,
  model: LayersModel,
  weights: NamedWeights,
  top: readonly string[] = [],
): void {
  const wanted = modelWeights(model);
  const missing = wanted.filter(({ name }) => !weights.has(name)).map(({ name }) => name);
  const shapes = wanted.flatMap(({ name, variable }) => {
    const shape = weights.get(name)?.shape;
    if (shape === undefined || String(shape) === String(variable.shape)) return [];
    return [`${name} [${variable.shape}] but received [${shape}]`];
  });
  const names = new Set(wanted.map(({ name }) => name));
  const left = [...weights.keys()].filter((name) => !names.has(name) && !top.includes(layerOf(name)));
  if (missing.length > 0 || shapes.length > 0 || left.length > 0) {
    const problems = [
      [missing, 'missing'],
      [shapes, 'of another shape: expected'],
      [left, 'left over'],
    ] as const;
    const text = problems
      .filter(([list]) => list.length > 0)
      .map(([list, what]) => `${list.length} ${what}: ${shorten(list)}`);
    throw new PipelineError(
      'WEIGHTS_MISMATCH',
      `Expected the weights of ${model.name} but received others\n  ${text.join('\n  ')}`,
      { hint: 'Choose weights of this network (without batch norm folded in), or another `model.network`.' },
    );
  }
  for (const { name, variable } of wanted) {
    const { shape, values } = weights.get(name)!;
    const tensor = tf.tensor(values, [...shape]);
    variable.write(tensor);
    tensor.dispose();
  }
}

/** The first names of a list, and how many more there are. */
export function shorten(list: readonly string[], most = 8): string {
  const rest = list.length - most;
  return list.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
