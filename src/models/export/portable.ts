import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../../errors.js';
import { CENTRES, KERNEL_LAYER } from '../kernel/layer.js';
import { headOfTask, type ModelMetadata, readModelMetadata } from '../model-folder.js';
import type { NamedWeights, Weight } from '../weights/named.js';
import { readTfjsWeights } from '../weights/tfjs-layers.js';

const pair = z.tuple([z.int().min(1), z.int().min(1)]);
const padding = z.enum(['same', 'valid']);
const activation = z.enum(['linear', 'relu', 'softmax', 'exponential']);
const channelsLast = z.literal('channels_last');
const undilated = z.tuple([z.literal(1), z.literal(1)]);

const convolution = { kernel_size: pair, strides: pair, padding, activation, use_bias: z.boolean() };
const pool = z.object({ pool_size: pair, strides: pair, padding, data_format: channelsLast });

/**
 * What each kind of layer is told by, of the names that TensorFlow.js and Keras share; other keys of TensorFlow.js are
 * how a layer is trained, or would be refused (`dilation_rate`, `data_format`) where they are another than here.
 */
const CONFIGS = {
  InputLayer: z.object({ batch_input_shape: z.tuple([z.null(), z.int(), z.int(), z.literal(3)]) }),
  Conv2D: z.object({
    ...convolution,
    filters: z.int().min(1),
    data_format: channelsLast,
    dilation_rate: undilated,
  }),
  DepthwiseConv2D: z.object({
    ...convolution,
    depth_multiplier: z.int().min(1),
    data_format: channelsLast,
    dilation_rate: undilated,
  }),
  BatchNormalization: z.object({
    axis: z.union([z.literal(3), z.literal(-1)]),
    momentum: z.number(),
    epsilon: z.number(),
    center: z.literal(true),
    scale: z.boolean(),
  }),
  Activation: z.object({ activation }),
  ReLU: z.object({ max_value: z.number().positive().nullish() }),
  ZeroPadding2D: z.object({
    padding: z.tuple([z.tuple([z.int().min(0), z.int().min(0)]), z.tuple([z.int().min(0), z.int().min(0)])]),
    data_format: channelsLast,
  }),
  MaxPooling2D: pool,
  AveragePooling2D: pool,
  GlobalAveragePooling2D: z.object({ data_format: channelsLast }),
  Add: z.object({}),
  Concatenate: z.object({ axis: z.union([z.literal(3), z.literal(-1)]) }),
  Dropout: z.object({ rate: z.number() }),
  Dense: z.object({ units: z.int().min(1), activation, use_bias: z.boolean() }),
  Softmax: z.object({ axis: z.union([z.literal(1), z.literal(-1)]) }),
  /** Rows scaled to length 1. */
  UnitNormalization: z.object({ axis: z.literal(-1) }),
} as const;

type Kind = keyof typeof CONFIGS;

/** A layer, with its weights in the order that Keras keeps them in. */
export type PortableLayer = {
  [K in Kind]: {
    kind: K;
    name: string;
    /** The layers that it reads, in order. */
    from: readonly string[];
    config: z.output<(typeof CONFIGS)[K]>;
    /** `kernel`, `depthwise_kernel`, `bias`, `gamma`, … */
    weights: ReadonlyMap<string, Weight>;
  };
}[Kind];

/**
 * A saved model as any format can say it: no library's objects, layers in the order that Keras has them in. Of a model of
 * several outputs the classes' of one task, with the layers that it reads.
 */
export interface PortableModel {
  name: string;
  /** Of that output alone. */
  metadata: ModelMetadata;
  layers: readonly PortableLayer[];
  /** The layer that gives the probabilities. */
  output: string;
}

const topologySchema = z.object({
  config: z.object({
    name: z.string(),
    layers: z.array(
      z.object({
        name: z.string(),
        class_name: z.string(),
        config: z.record(z.string(), z.unknown()),
        // One call of a layer, each source as [name, call, tensor, arguments].
        inbound_nodes: z.array(z.array(z.tuple([z.string(), z.int(), z.int()], z.unknown()))).max(1),
      }),
    ),
    output_layers: z.array(z.tuple([z.string(), z.int(), z.int()])).min(1),
  }),
});

/**
 * Reads a model folder as `saveModel` writes it, without TensorFlow.js.
 * @param task whose classes are wanted, where tasks share a trunk
 * @throws {PipelineError} `NOT_FOUND`, `MODEL_INVALID`; `LAYER_UNSUPPORTED` for a layer that no format here can say.
 */
export async function readPortableModel(folder: string, task?: string): Promise<PortableModel> {
  const whole = await readModelMetadata(folder);
  const { output: place, ...metadata } = metadataOfTask(whole, task ?? whole.task);
  const weights = await readTfjsWeights(folder);
  const topology = await readTopology(join(folder, 'model.json'));
  const [output] = topology.output_layers.at(place) ?? [];
  if (output === undefined) {
    throw new PipelineError('MODEL_INVALID', `Expected an output of ${metadata.task} but found none`, {
      key: folder,
      hint: 'Train the model again.',
    });
  }
  const layers = layersOf(topology.layers, output).flatMap(({ name, class_name: kind, config, from }) => {
    const rest = { from, weights: ownWeights(weights, name) };
    return kind === KERNEL_LAYER
      ? radialBasis(name, config, rest)
      : [portableLayer(name, kind, config, rest)];
  });
  return { name: topology.name, metadata, layers, output };
}

/** What one task's classes are told by, and which of the model's outputs they are. */
function metadataOfTask(whole: ModelMetadata, task: string): ModelMetadata & { output: number } {
  const { heads: _, branches: __, levels: ___, ...common } = whole;
  const { classes, temperature, levels, output } = headOfTask(whole, task);
  return { ...common, task, classes, temperature, ...(levels && { levels }), output };
}

type TopologyLayer = z.output<typeof topologySchema>['config']['layers'][number];

/** The layers that an output reads, itself included, each with those that it reads itself. */
function layersOf(layers: readonly TopologyLayer[], output: string): (TopologyLayer & { from: string[] })[] {
  const all = layers.map((layer) => ({
    ...layer,
    from: (layer.inbound_nodes[0] ?? []).map(([source]) => source),
  }));
  const sources = new Map(all.map(({ name, from }) => [name, from]));
  const read = new Set<string>();
  const left = [output];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (read.has(name)) continue;
    read.add(name);
    left.push(...(sources.get(name) ?? []));
  }
  return all.filter(({ name }) => read.has(name));
}

async function readTopology(file: string) {
  try {
    const { modelTopology } = JSON.parse(await readFile(file, 'utf8')) as { modelTopology: unknown };
    return topologySchema.parse(modelTopology).config;
  } catch (cause) {
    throw new PipelineError('MODEL_INVALID', `Expected a network’s topology in ${file}`, {
      hint: 'Train the model again.',
      cause,
    });
  }
}

function portableLayer(
  name: string,
  kind: string,
  config: Record<string, unknown>,
  rest: Pick<PortableLayer, 'from' | 'weights'>,
): PortableLayer {
  if (!Object.hasOwn(CONFIGS, kind)) {
    throw new PipelineError(
      'LAYER_UNSUPPORTED',
      `Expected a layer that can be exported but received ${kind}`,
      {
        key: name,
        hint: `Known are ${Object.keys(CONFIGS).join(', ')}.`,
      },
    );
  }
  const parsed = CONFIGS[kind as Kind].safeParse(config);
  if (!parsed.success) {
    throw new PipelineError(
      'LAYER_UNSUPPORTED',
      `Expected a ${kind} that can be exported but received another`,
      {
        key: name,
        hint: z.prettifyError(parsed.error),
      },
    );
  }
  return { kind, name, config: parsed.data, ...rest } as PortableLayer;
}

/** A kernel head's layer in layers that others have: exp(2γ x·c − 2γ) of x scaled to length 1. */
function radialBasis(
  name: string,
  config: Record<string, unknown>,
  { from, weights }: Pick<PortableLayer, 'from' | 'weights'>,
): PortableLayer[] {
  const { units, gamma } = z.object({ units: z.int().min(1), gamma: z.number().positive() }).parse(config);
  const { shape, values } = weights.get(CENTRES)!;
  const dense = new Map([
    ['kernel', { shape, values: values.map((value) => 2 * gamma * value) }],
    ['bias', { shape: [units], values: new Float32Array(units).fill(-2 * gamma) }],
  ]);
  const [unit, product] = [`${name}_unit`, `${name}_product`];
  return [
    portableLayer(unit, 'UnitNormalization', { axis: -1 }, { from, weights: new Map() }),
    portableLayer(
      product,
      'Dense',
      { units, activation: 'linear', use_bias: true },
      { from: [unit], weights: dense },
    ),
    portableLayer(name, 'Activation', { activation: 'exponential' }, { from: [product], weights: new Map() }),
  ];
}

function ownWeights(weights: NamedWeights, layer: string): Map<string, Weight> {
  const prefix = `${layer}/`;
  return new Map(
    [...weights]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, weight]) => [name.slice(prefix.length), weight]),
  );
}
