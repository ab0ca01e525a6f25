import type { LayersModel, Variable } from '@tensorflow/tfjs';

type Layer = LayersModel['layers'][number];

/**
 * The layers that give a classifier's logits, one an output, in the order of the outputs: the layers before a softmax,
 * or the outputs themselves where there is none.
 */
export function logitsLayers(model: LayersModel): Layer[] {
  return model.outputs.map(({ sourceLayer }) =>
    sourceLayer.getClassName() === 'Softmax' ? sourcesOf(sourceLayer)[0]! : sourceLayer,
  );
}

/** Names of what lies below a classifier's heads: every global average pool, and the layers that these read. */
export function belowHeads(model: LayersModel): Set<string> {
  return namesUpTo(model.layers.filter((layer) => layer.getClassName() === 'GlobalAveragePooling2D'));
}

/** The names of layers and of all that they read, directly or not. */
export function namesUpTo(layers: readonly Layer[]): Set<string> {
  const names = new Set<string>();
  const left = [...layers];
  for (let layer = left.pop(); layer !== undefined; layer = left.pop()) {
    if (names.has(layer.name)) continue;
    names.add(layer.name);
    left.push(...sourcesOf(layer));
  }
  return names;
}

/** The kernels of the heads' Dense layers, as Keras's `kernel_regularizer` sees them. */
export function headKernels(model: LayersModel): Variable[] {
  const below = belowHeads(model);
  return model.layers
    .filter(({ name }) => !below.has(name))
    .flatMap(({ trainableWeights }) => trainableWeights)
    .filter(({ originalName }) => originalName.endsWith('/kernel'))
    .map((kernel) => kernel.read() as Variable);
}

/** The layers that a layer reads from; none for an input. */
export function sourcesOf(layer: Layer): Layer[] {
  return layer.inboundNodes[0]?.inboundLayers ?? [];
}
