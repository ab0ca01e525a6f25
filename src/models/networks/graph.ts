import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import type { Tf } from '../backends/backend.js';
import {
  batchNormShapes,
  CLASSES,
  dense,
  glorot,
  INPUT,
  type Network,
  type NetworkOptions,
  stacked,
  type Weighted,
} from './network.js';

type Layer = LayersModel['layers'][number];

/** A layer of a network whose layers are no chain. */
export interface GraphLayer {
  name: string;
  /** The layers that it reads, in order; `INPUT` is the photos. */
  from: readonly string[];
  /** Channels that it gives. */
  channels: number;
  /** Absent: it has no weights. */
  weighted?: Weighted;
  /** Its weights by `layer/variable`; none where it has none. */
  shapes: readonly (readonly [string, readonly number[]])[];
  make(tf: Tf, seed: number): Layer;
}

/** Declares layers one after the other; each method gives the new layer's name. */
export interface GraphBuilder {
  readonly layers: readonly GraphLayer[];
  convolution(
    name: string,
    from: string,
    options: {
      filters: number;
      kernel: number | [height: number, width: number];
      strides?: number;
      padding?: 'same' | 'valid';
      bias?: boolean;
    },
  ): string;
  batchNorm(name: string, from: string, options: { epsilon: number; scale?: boolean }): string;
  relu(name: string, from: string): string;
  pad(name: string, from: string, pixels: number): string;
  pool(
    name: string,
    from: string,
    options: { kind: 'max' | 'average'; strides: number; padding: 'same' | 'valid' },
  ): string;
  add(name: string, from: readonly string[]): string;
  concatenate(name: string, from: readonly string[]): string;
}

/** All pools are of 3 × 3 pixels. */
export function graphBuilder(): GraphBuilder {
  const layers: GraphLayer[] = [];
  const channels = new Map([[INPUT, 3]]);
  const declare = (
    name: string,
    from: readonly string[],
    make: GraphLayer['make'],
    own: Partial<Pick<GraphLayer, 'channels' | 'weighted' | 'shapes'>> = {},
  ) => {
    const layer = { name, from, make, channels: channels.get(from[0]!)!, shapes: [], ...own };
    channels.set(name, layer.channels);
    layers.push(layer);
    return name;
  };
  return {
    layers,
    convolution: (name, from, { filters, kernel, strides = 1, padding = 'same', bias = false }) =>
      declare(
        name,
        [from],
        (tf, seed) =>
          tf.layers.conv2d({
            name,
            filters,
            kernelSize: kernel,
            strides,
            padding,
            useBias: bias,
            kernelInitializer: glorot(tf, seed, name),
          }),
        {
          channels: filters,
          weighted: 'convolution',
          shapes: [
            [`${name}/kernel`, [...[kernel, kernel].flat().slice(0, 2), channels.get(from)!, filters]],
            ...(bias ? [[`${name}/bias`, [filters]] as const] : []),
          ],
        },
      ),
    batchNorm: (name, from, { epsilon, scale = true }) =>
      declare(
        name,
        [from],
        (tf) => tf.layers.batchNormalization({ name, axis: 3, momentum: 0.99, epsilon, scale }),
        { weighted: 'batch norm', shapes: batchNormShapes(name, channels.get(from)!, scale) },
      ),
    relu: (name, from) => declare(name, [from], (tf) => tf.layers.activation({ name, activation: 'relu' })),
    pad: (name, from, pixels) =>
      declare(name, [from], (tf) => tf.layers.zeroPadding2d({ name, padding: pixels })),
    pool: (name, from, { kind, strides, padding }) =>
      declare(name, [from], (tf) => {
        const options = { name, poolSize: 3, strides, padding };
        return kind === 'max' ? tf.layers.maxPooling2d(options) : tf.layers.averagePooling2d(options);
      }),
    add: (name, from) => declare(name, from, (tf) => tf.layers.add({ name })),
    concatenate: (name, from) =>
      declare(name, from, (tf) => tf.layers.concatenate({ name, axis: 3 }), {
        channels: from.reduce((sum, source) => sum + channels.get(source)!, 0),
      }),
  };
}

/**
 * A network without a width multiplier: `alpha` is always 1.
 * @param options.layers in the order of their declaration; the last one is the feature layer.
 */
export function graphNetwork({
  layers,
  ...rest
}: Pick<Network, 'name' | 'preprocessing' | 'top'> & {
  layers: readonly GraphLayer[];
}): Network {
  const declared = new Map(layers.map((layer) => [layer.name, layer]));
  const ordered = layerNames(layers).map((name) => declared.get(name)!);
  const shapes = new Map(ordered.flatMap((layer) => layer.shapes));
  return {
    ...rest,
    featureLayer: layers.at(-1)!.name,
    layers: ordered.map(({ name }) => name),
    weighted: new Map(ordered.flatMap(({ name, weighted }) => (weighted ? [[name, weighted]] : []))),
    channelsOf: (layer) => declared.get(layer)!.channels,
    shapesOf: () => shapes,
    alphaOf: () => 1,
    build: (tf, options) => buildGraph(tf, layers, { ...options, name: rest.name }),
  };
}

/** Makes the layers, in the order of their declaration; the last one is the network's output, or what the top reads. */
function buildGraph(
  tf: Tf,
  layers: readonly GraphLayer[],
  { name, height, width, top = false, seed }: NetworkOptions & { name: string },
): LayersModel {
  const input = tf.input({ shape: [height, width, 3], name: INPUT });
  const outputs = new Map<string, SymbolicTensor>([[INPUT, input]]);
  for (const { name: own, from, make } of layers) {
    const sources = from.map((source) => outputs.get(source)!);
    outputs.set(own, make(tf, seed).apply(sources.length === 1 ? sources[0]! : sources) as SymbolicTensor);
  }
  const features = outputs.get(layers.at(-1)!.name)!;
  const classifier = () => [
    tf.layers.globalAveragePooling2d({ name: 'avg_pool' }),
    dense(tf, seed, 'predictions', CLASSES, 'softmax'),
  ];
  return tf.model({ name, inputs: input, outputs: top ? stacked(features, classifier()) : features });
}

/**
 * The names of all layers after the input as Keras and TensorFlow.js order a model's: by their distance from the output,
 * the farthest first; of one distance as they are met on the way back from it, depth first (`map_graph_network` in
 * keras/src/ops/function.py).
 */
function layerNames(layers: readonly GraphLayer[]): string[] {
  const from = new Map(layers.map((layer) => [layer.name, layer.from]));
  const output = layers.at(-1)!.name;
  const met = new Map<string, number>();
  const visit = (name: string) => {
    if (name === INPUT || met.has(name)) return;
    met.set(name, met.size);
    for (const source of from.get(name)!) visit(source);
  };
  visit(output);
  // Whoever reads a layer is declared after it.
  const distances = new Map<string, number>([[output, 0]]);
  for (const { name, from: sources } of [...layers].reverse()) {
    const distance = distances.get(name)! + 1;
    for (const source of sources) distances.set(source, Math.max(distance, distances.get(source) ?? 0));
  }
  return layers
    .map(({ name }) => name)
    .sort((a, b) => distances.get(b)! - distances.get(a)! || met.get(a)! - met.get(b)!);
}
