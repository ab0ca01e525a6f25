import type { PortableLayer, PortableModel } from './portable.js';

/**
 * A model as Keras 3 describes it: the JSON that `model_from_json` reads, and the attribute `model_config` of a whole-model
 * HDF5 file. Only what decides the function is said; initialisers, of which a trained model has no use, are Keras's
 * defaults. (keras/src/models/functional.py, `functional_from_config`: links between layers may be written as Keras 2
 * did, by name, call and tensor.)
 */
export function kerasConfig({ name, layers, output }: PortableModel): object {
  return {
    // As Keras writes it: it has no public name.
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    registered_name: 'Functional',
    config: {
      name: kerasName(name),
      trainable: true,
      layers: layers.map((layer) => ({
        module: 'keras.layers',
        class_name: layer.kind,
        registered_name: null,
        name: layer.name,
        config: { name: layer.name, dtype: 'float32', ...layerConfig(layer) },
        inbound_nodes: layer.from.length === 0 ? [] : [layer.from.map((source) => [source, 0, 0, {}])],
      })),
      input_layers: [layers.find(({ kind }) => kind === 'InputLayer')!.name, 0, 0],
      output_layers: [output, 0, 0],
    },
  };
}

/** Keras refuses a `/` in names, nothing else. */
const kerasName = (name: string) => name.replaceAll('/', '_');

/** TensorFlow.js's configuration in Keras 3's words: the same ones but for inputs and rectifiers. */
function layerConfig(layer: PortableLayer): object {
  switch (layer.kind) {
    case 'InputLayer':
      return { batch_shape: layer.config.batch_input_shape };
    case 'ReLU':
      return { max_value: layer.config.max_value ?? null, negative_slope: 0, threshold: 0 };
    case 'Softmax':
      return { axis: -1 };
    default:
      return layer.config;
  }
}
