import { PbfWriter } from 'pbf';

/**
 * The field numbers of the messages that a model is written in, from onnx/onnx.proto3 (IR version 8, ONNX 1.12).
 */
const FIELD = {
  model: { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8, metadataProps: 14 },
  opset: { version: 2 },
  entry: { key: 1, value: 2 },
  graph: { node: 1, name: 2, initializer: 5, input: 11, output: 12 },
  node: { input: 1, output: 2, name: 3, opType: 4, attribute: 5 },
  attribute: { name: 1, f: 2, i: 3, s: 4, ints: 8, type: 20 },
  tensor: { dims: 1, dataType: 2, name: 8, rawData: 9 },
  valueInfo: { name: 1, type: 2 },
  type: { tensor: 1 },
  tensorType: { elemType: 1, shape: 2 },
  shape: { dim: 1 },
  dim: { value: 1, param: 2 },
} as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
const DATA_TYPE = { float32: 1, int64: 7 } as const;

const IR_VERSION = 8;
export const OPSET = 17;

/** A node's attribute: `float` says that a number is one, others are whole. */
export type OnnxAttribute = number | string | readonly number[] | { float: number };

export interface OnnxNode {
  op: string;
  /** Names of tensors. */
  inputs: readonly string[];
  output: string;
  attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxTensor {
  name: string;
  shape: readonly number[];
  values: Float32Array | BigInt64Array;
}

/** A named tensor of float32; a text as a size stands for any. */
export interface OnnxValue {
  name: string;
  shape: readonly (number | string)[];
}

export interface OnnxGraph {
  name: string;
  nodes: readonly OnnxNode[];
  tensors: readonly OnnxTensor[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  /** What readers find beside the graph: keys and texts. */
  metadata: Readonly<Record<string, string>>;
}

/** A model file's bytes. Of at most 2 GiB, as protocol buffers are. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  const { model, opset, entry } = FIELD;
  const pbf = new PbfWriter();
  pbf.writeVarintField(model.irVersion, IR_VERSION);
  pbf.writeStringField(model.producerName, 'abo-pipeline');
  pbf.writeMessage(model.graph, writeGraph, graph);
  pbf.writeMessage(model.opsetImport, (version, out) => out.writeVarintField(opset.version, version), OPSET);
  for (const pair of Object.entries(graph.metadata)) {
    pbf.writeMessage(
      model.metadataProps,
      ([key, value], out) => {
        out.writeStringField(entry.key, key);
        out.writeStringField(entry.value, value);
      },
      pair,
    );
  }
  return pbf.finish();
}

function writeGraph({ name, nodes, tensors, inputs, outputs }: OnnxGraph, pbf: PbfWriter): void {
  const { graph } = FIELD;
  for (const node of nodes) pbf.writeMessage(graph.node, writeNode, node);
  pbf.writeStringField(graph.name, name);
  for (const tensor of tensors) pbf.writeMessage(graph.initializer, writeTensor, tensor);
  for (const input of inputs) pbf.writeMessage(graph.input, writeValue, input);
  for (const output of outputs) pbf.writeMessage(graph.output, writeValue, output);
}

function writeNode({ op, inputs, output, attributes = {} }: OnnxNode, pbf: PbfWriter): void {
  const { node } = FIELD;
  for (const input of inputs) pbf.writeStringField(node.input, input);
  pbf.writeStringField(node.output, output);
  pbf.writeStringField(node.name, output);
  pbf.writeStringField(node.opType, op);
  for (const attribute of Object.entries(attributes)) {
    pbf.writeMessage(node.attribute, writeAttribute, attribute);
  }
}

function writeAttribute([name, value]: [string, OnnxAttribute], pbf: PbfWriter): void {
  const { attribute } = FIELD;
  pbf.writeStringField(attribute.name, name);
  let type: number;
  if (typeof value === 'number') {
    type = ATTRIBUTE_TYPE.int;
    pbf.writeVarintField(attribute.i, value);
  } else if (typeof value === 'string') {
    type = ATTRIBUTE_TYPE.string;
    pbf.writeBytesField(attribute.s, Buffer.from(value));
  } else if ('float' in value) {
    type = ATTRIBUTE_TYPE.float;
    pbf.writeFloatField(attribute.f, value.float);
  } else {
    type = ATTRIBUTE_TYPE.ints;
    pbf.writePackedVarint(attribute.ints, [...value]);
  }
  pbf.writeVarintField(attribute.type, type);
}

function writeTensor({ name, shape, values }: OnnxTensor, pbf: PbfWriter): void {
  const { tensor } = FIELD;
  pbf.writePackedVarint(tensor.dims, [...shape]);
  pbf.writeVarintField(tensor.dataType, DATA_TYPE[values instanceof Float32Array ? 'float32' : 'int64']);
  pbf.writeStringField(tensor.name, name);
  // Little-endian, as the format and every processor that this runs on have it.
  pbf.writeBytesField(tensor.rawData, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function writeValue({ name, shape }: OnnxValue, pbf: PbfWriter): void {
  const { valueInfo, type, tensorType, shape: shapeFields, dim } = FIELD;
  const writeSize = (size: number | string, out: PbfWriter) =>
    typeof size === 'number' ? out.writeVarintField(dim.value, size) : out.writeStringField(dim.param, size);
  const writeShape = (sizes: OnnxValue['shape'], out: PbfWriter) => {
    for (const size of sizes) out.writeMessage(shapeFields.dim, writeSize, size);
  };
  const writeTensorType = (sizes: OnnxValue['shape'], out: PbfWriter) => {
    out.writeVarintField(tensorType.elemType, DATA_TYPE.float32);
    out.writeMessage(tensorType.shape, writeShape, sizes);
  };
  pbf.writeStringField(valueInfo.name, name);
  pbf.writeMessage(
    valueInfo.type,
    (sizes, out) => out.writeMessage(type.tensor, writeTensorType, sizes),
    shape,
  );
}
