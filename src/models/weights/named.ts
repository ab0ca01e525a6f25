import { createHash } from 'node:crypto';
import type { LayersModel } from '@tensorflow/tfjs';
import { PipelineError } from '../../errors.js';
import type { Tf } from '../backends/backend.js';
import type { Shapes } from '../networks/network.js';

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
 * Looks whether weights are those that are wanted, by name and shape.
 * @param options.of whose they should be, in words; `top`: the layers whose weights may be left over, a classifier that is not wanted.
 * @throws {PipelineError} `WEIGHTS_MISMATCH` listing what is missing, of another shape, and left over: whole layers by their
 *   names, of others the variables.
 */
export function assertWeights(
  weights: NamedWeights,
  wanted: Shapes,
  { of, top = [] }: { of: string; top?: readonly string[] },
): void {
  const shapes = [...wanted].flatMap(([name, shape]) => {
    const found = weights.get(name)?.shape;
    if (found === undefined || String(found) === String(shape)) return [];
    return [`${name} [${shape}] but received [${found}]`];
  });
  const left = new Map([...weights].filter(([name]) => !top.includes(layerOf(name))));
  const problems = [
    ...listed(without(wanted, weights), 'missing'),
    ...(shapes.length > 0 ? [`${shapes.length} of another shape: expected: ${shorten(shapes)}`] : []),
    ...listed(without(left, wanted), 'left over'),
  ];
  if (problems.length === 0) return;
  throw new PipelineError(
    'WEIGHTS_MISMATCH',
    `Expected weights of ${of} but received others\n  ${problems.join('\n  ')}`,
    { hint: 'Choose weights of this network (without batch norm folded in), or another `model.network`.' },
  );
}

/** What some have that others have not: layers of which these have nothing, and variables of layers that both have. */
function without(some: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>) {
  const shared = new Set([...others.keys()].map(layerOf));
  const names = [...some.keys()].filter((name) => !others.has(name));
  return {
    layers: [...new Set(names.map(layerOf))].filter((layer) => !shared.has(layer)),
    variables: names.filter((name) => shared.has(layerOf(name))),
  };
}

function listed({ layers, variables }: ReturnType<typeof without>, what: string): string[] {
  return [
    ...(layers.length > 0
      ? [`${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} ${what}: ${shorten(layers)}`]
      : []),
    ...(variables.length > 0 ? [`${variables.length} ${what}: ${shorten(variables)}`] : []),
  ];
}

/**
 * Writes weights into a model by name and shape.
 * @param top the layers whose weights may be left over: a classifier that is not wanted.
 * @throws {PipelineError} as `assertWeights`; nothing is written then.
 */
export function assignWeights(
  tf: Tf,
  model: LayersModel,
  weights: NamedWeights,
  top: readonly string[] = [],
): void {
  const wanted = modelWeights(model);
  const shapes = new Map(wanted.map(({ name, variable }) => [name, variable.shape as number[]]));
  assertWeights(weights, shapes, { of: model.name, top });
  for (const { name, variable } of wanted) {
    const { shape, values } = weights.get(name)!;
    const tensor = tf.tensor(values, [...shape]);
    variable.write(tensor);
    tensor.dispose();
  }
}

/** The first names of a list, and how many more there are. */
function shorten(list: readonly string[], most = 8): string {
  const rest = list.length - most;
  return list.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
