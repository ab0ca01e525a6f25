import type { File, Group } from 'h5wasm/node';
import { kerasConfig } from './keras-config.js';
import type { PortableLayer, PortableModel } from './portable.js';

/** What files say wrote them: Keras reads by it which layout they are in. */
const KERAS_VERSION = '3.0.0';

/**
 * Writes a whole model as `keras.models.load_model` reads it, in the HDF5 layout of Keras 2 and 3
 * (keras/src/legacy/saving/legacy_h5_format.py): attribute `model_config`, group `model_weights` with a group a layer.
 */
export async function writeKerasModel(file: string, model: PortableModel): Promise<void> {
  await writeH5(file, (h5) => {
    const versions = { keras_version: KERAS_VERSION, backend: 'tensorflow' };
    attributes(h5, { ...versions, model_config: JSON.stringify(kerasConfig(model)) });
    const all = h5.create_group('model_weights');
    attributes(all, { ...versions, layer_names: model.layers.map(({ name }) => name) });
    for (const { name, weights } of model.layers) {
      const outer = all.create_group(name);
      // An empty list of strings has no type in HDF5: Keras takes a list of nothing at all.
      if (weights.size === 0) {
        outer.create_attribute('weight_names', new Float64Array(0), [0]);
        continue;
      }
      attributes(outer, { weight_names: [...weights.keys()].map((variable) => `${name}/${variable}`) });
      const inner = outer.create_group(name);
      for (const [variable, { shape, values }] of weights) {
        inner.create_dataset({ name: variable, data: values, shape: [...shape] });
      }
    }
  });
}

/**
 * Writes weights as `model.load_weights` of Keras 3 reads them (`.weights.h5`, keras/src/saving/saving_lib.py): layers are
 * counted by class, in the model's order, and found by that number alone.
 */
export async function writeKerasWeights(file: string, { layers }: PortableModel): Promise<void> {
  await writeH5(file, (h5) => {
    const groups = h5.create_group('layers');
    const counts = new Map<string, number>();
    for (const { kind, name, weights } of layers) {
      const path = snakeCase(kind);
      const count = counts.get(path) ?? 0;
      counts.set(path, count + 1);
      if (weights.size === 0) continue;
      const variables = groups.create_group(count === 0 ? path : `${path}_${count}`).create_group('vars');
      attributes(variables, { name });
      for (const [index, { shape, values }] of [...weights.values()].entries()) {
        variables.create_dataset({ name: String(index), data: values, shape: [...shape] });
      }
    }
  });
}

/** As Keras makes a layer's path of its class (`to_snake_case` in keras/src/utils/naming.py): `depthwise_conv2d`. */
function snakeCase(kind: PortableLayer['kind']): string {
  return kind
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

async function writeH5(path: string, fill: (file: File) => void): Promise<void> {
  // Loading it takes a quarter of a second.
  const h5 = await import('h5wasm/node');
  const { activate_throwing_error_handler: throwErrors } = await h5.ready;
  throwErrors();
  const file = new h5.File(path, 'w');
  try {
    fill(file);
  } finally {
    file.close();
  }
}

function attributes(of: File | Group, values: Record<string, string | string[]>): void {
  for (const [name, value] of Object.entries(values)) of.create_attribute(name, value);
}
