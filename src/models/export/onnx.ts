import { channelsOf } from '../../normalisation.js';
import type { Weight } from '../weights/named.js';
import { encodeOnnx, type OnnxAttribute, type OnnxNode, type OnnxTensor } from './onnx-proto.js';
import type { PortableLayer, PortableModel } from './portable.js';

export const INPUT_NAME = 'pixels';
export const OUTPUT_NAME = 'probabilities';

/**
 * A model as an ONNX file that needs nothing beside it: takes `pixels` [N, height, width, 3], float32 RGB levels in
 * 0..255; gives `probabilities` [N, classes] = softmax(logits / temperature). The network's preprocessing is in the graph,
 * classes are in its metadata (JSON). Photos are turned to [N, 3, height, width] inside, as convolutions want them.
 */
export function onnxModel(model: PortableModel): Uint8Array {
  const graph = new GraphWriter();
  const { classes, task, temperature, input } = model.metadata;
  /** Names of layers' outputs. */
  const outputs = new Map<string, string>();
  for (const layer of model.layers) {
    const sources = layer.from.map((name) => outputs.get(name)!);
    outputs.set(
      layer.name,
      layer.kind === 'InputLayer' ? preprocessed(graph, model) : writeLayer(graph, layer, sources, model),
    );
  }
  graph.add('Identity', [outputs.get(model.output)!], OUTPUT_NAME);
  return encodeOnnx({
    name: model.name,
    nodes: graph.nodes,
    tensors: graph.tensors,
    inputs: [{ name: INPUT_NAME, shape: ['N', input.height, input.width, 3] }],
    outputs: [{ name: OUTPUT_NAME, shape: ['N', classes.length] }],
    metadata: { task, classes: JSON.stringify(classes), temperature: String(temperature) },
  });
}

/** Collects nodes, named by what they give, and constants. */
class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];

  add(op: string, inputs: readonly string[], output: string, attributes?: OnnxNode['attributes']): string {
    this.nodes.push({ op, inputs, output, ...(attributes && { attributes }) });
    return output;
  }

  constant(name: string, { shape, values }: Weight): string {
    this.tensors.push({ name, shape, values });
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    this.tensors.push({ name, shape: [values.length], values: BigInt64Array.from(values.map(BigInt)) });
    return name;
  }
}

const vector = (...values: number[]): Weight => ({
  shape: [values.length],
  values: Float32Array.from(values),
});
const scalar = (value: number): Weight => ({ shape: [], values: Float32Array.of(value) });

function preprocessed(graph: GraphWriter, { metadata }: PortableModel): string {
  const channels = channelsOf(metadata.input.preprocessing);
  let x = INPUT_NAME;
  if (channels.some(({ from }, channel) => from !== channel)) {
    const order = graph.integers(
      'input/order',
      channels.map(({ from }) => from),
    );
    x = graph.add('Gather', [x, order], 'input/ordered', { axis: 3 });
  }
  const scale = graph.constant('input/scale', vector(...channels.map((channel) => channel.scale)));
  const shift = graph.constant('input/shift', vector(...channels.map((channel) => channel.shift)));
  x = graph.add('Mul', [x, scale], 'input/scaled');
  x = graph.add('Add', [x, shift], 'input/shifted');
  return graph.add('Transpose', [x], 'input/channels-first', { perm: [0, 3, 1, 2] });
}

/** @returns the name of what the layer gives. */
function writeLayer(
  graph: GraphWriter,
  layer: Exclude<PortableLayer, { kind: 'InputLayer' }>,
  sources: readonly string[],
  { output, metadata }: PortableModel,
): string {
  const { name, weights } = layer;
  const constants = (...variables: string[]) =>
    variables.flatMap((variable) => {
      const weight = weights.get(variable);
      return weight === undefined ? [] : [graph.constant(`${name}/${variable}`, weight)];
    });
  switch (layer.kind) {
    case 'Conv2D':
    case 'DepthwiseConv2D': {
      const { config } = layer;
      const depthwise = layer.kind === 'DepthwiseConv2D';
      const kernel = weights.get(depthwise ? 'depthwise_kernel' : 'kernel')!;
      const written = graph.constant(
        `${name}/kernel`,
        depthwise ? depthwiseKernel(kernel) : transposedKernel(kernel),
      );
      const convolved = graph.add('Conv', [sources[0]!, written, ...constants('bias')], `${name}/conv`, {
        kernel_shape: config.kernel_size,
        strides: config.strides,
        auto_pad: autoPad(config.padding),
        group: depthwise ? kernel.shape[2]! : 1,
      });
      return activated(graph, convolved, config.activation, name);
    }
    case 'BatchNormalization': {
      const size = weights.get('beta')!.values.length;
      // One without scale has none.
      const [gamma = graph.constant(`${name}/gamma`, vector(...new Array<number>(size).fill(1)))] =
        constants('gamma');
      const inputs = [sources[0]!, gamma, ...constants('beta', 'moving_mean', 'moving_variance')];
      return graph.add('BatchNormalization', inputs, name, { epsilon: { float: layer.config.epsilon } });
    }
    case 'Activation':
      return activated(graph, sources[0]!, layer.config.activation, name);
    case 'ReLU': {
      const { max_value: most } = layer.config;
      if (most == null) return graph.add('Relu', [sources[0]!], name);
      const bounds = [
        graph.constant(`${name}/least`, scalar(0)),
        graph.constant(`${name}/most`, scalar(most)),
      ];
      return graph.add('Clip', [sources[0]!, ...bounds], name);
    }
    case 'ZeroPadding2D': {
      const [[top, bottom], [left, right]] = layer.config.padding;
      const pads = graph.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
      return graph.add('Pad', [sources[0]!, pads], name);
    }
    case 'MaxPooling2D':
      return graph.add('MaxPool', [sources[0]!], name, window(layer.config));
    case 'AveragePooling2D':
      return graph.add('AveragePool', [sources[0]!], name, { ...window(layer.config), count_include_pad: 0 });
    case 'GlobalAveragePooling2D':
      return graph.add('Flatten', [graph.add('GlobalAveragePool', [sources[0]!], `${name}/pool`)], name);
    case 'Add':
      return sources.slice(1).reduce((sum, source, index) => {
        const last = index === sources.length - 2;
        return graph.add('Add', [sum, source], last ? name : `${name}/${index}`);
      }, sources[0]!);
    case 'Concatenate':
      return graph.add('Concat', sources, name, { axis: 1 });
    case 'Dropout':
      return sources[0]!;
    case 'Dense': {
      const product = graph.add('Gemm', [sources[0]!, ...constants('kernel', 'bias')], `${name}/gemm`);
      return activated(graph, product, layer.config.activation, name);
    }
    case 'UnitNormalization':
      return graph.add('LpNormalization', [sources[0]!], name, { axis: -1, p: 2 });
    case 'Softmax': {
      const temperature = name === output ? metadata.temperature : 1;
      const divisor = graph.constant(`${name}/temperature`, scalar(temperature));
      const logits = graph.add('Div', [sources[0]!, divisor], `${name}/logits`);
      return graph.add('Softmax', [logits], name, { axis: 1 });
    }
  }
}

/** As TensorFlow pads: what is odd goes below and to the right. */
const autoPad = (padding: 'same' | 'valid') => (padding === 'same' ? 'SAME_UPPER' : 'VALID');

function window(config: {
  pool_size: readonly number[];
  strides: readonly number[];
  padding: 'same' | 'valid';
}): Record<string, OnnxAttribute> {
  return {
    kernel_shape: config.pool_size,
    strides: config.strides,
    auto_pad: autoPad(config.padding),
  };
}

function activated(
  graph: GraphWriter,
  x: string,
  activation: 'linear' | 'relu' | 'softmax' | 'exponential',
  name: string,
): string {
  if (activation === 'linear') return x;
  if (activation === 'relu') return graph.add('Relu', [x], name);
  if (activation === 'exponential') return graph.add('Exp', [x], name);
  return graph.add('Softmax', [x], name, { axis: 1 });
}

/** [height, width, in, out] → [out, in, height, width]. */
function transposedKernel({ shape, values }: Weight): Weight {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const area = height * width;
  const out = new Float32Array(values.length);
  for (let at = 0, place = 0; place < area; place++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        out[(output * inputs + input) * area + place] = values[at++]!;
      }
    }
  }
  return { shape: [outputs, inputs, height, width], values: out };
}

/** [height, width, in, multiplier] → [in × multiplier, 1, height, width]: a group a channel. */
function depthwiseKernel({ shape, values }: Weight): Weight {
  const [height, width, inputs, multiplier] = shape as [number, number, number, number];
  return transposedKernel({ shape: [height, width, 1, inputs * multiplier], values });
}
