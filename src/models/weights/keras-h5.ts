import { existsSync } from 'node:fs';
import type { Dataset, File, Group } from 'h5wasm/node';
import { PipelineError } from '../../errors.js';
import type { Network, Weighted } from '../networks/network.js';
import type { NamedWeights, Weight } from './named.js';

/** A layer with weights, in the order that Keras keeps them in. */
interface StoredLayer {
  name: string;
  /** As Keras calls a depthwise convolution's. */
  depthwise: boolean;
  weights: Weight[];
}

/**
 * Reads the weights of a Keras HDF5 file, in the layout of keras.applications (groups by layer, attribute
 * `layer_names`) or of Keras 3 (`.weights.h5`: `layers/…/vars/0`).
 * @param network whose weights they should be: layers that Keras named by counting (`conv2d_95`) are counted from the
 *   first again, and those that early Keras 3 gave no name are named by their class and number.
 * @throws {PipelineError} `NOT_FOUND`; `MODEL_INVALID` for another or a damaged file.
 */
export async function readKerasH5(
  file: string,
  network: Pick<Network, 'layers' | 'weighted' | 'top'>,
): Promise<NamedWeights> {
  if (!existsSync(file)) {
    throw new PipelineError('NOT_FOUND', `Expected pretrained weights at ${file}`, {
      hint: '`pipeline fetch weights NETWORK` downloads what is published.',
    });
  }
  // Loading it takes a quarter of a second.
  const h5 = await import('h5wasm/node');
  const { activate_throwing_error_handler: throwErrors } = await h5.ready;
  throwErrors();
  let opened: File | undefined;
  try {
    opened = new h5.File(file, 'r');
    const layers =
      opened.attrs['layer_names'] === undefined ? ofKeras3(opened, network) : ofApplications(opened);
    return named(recounted(layers, new Set([...network.layers, ...network.top])));
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw new PipelineError('MODEL_INVALID', 'Expected a Keras HDF5 file of weights', {
      key: file,
      hint: 'Expected is a file of keras.applications (.h5) or of `save_weights` (.weights.h5).',
      cause: new Error(reasonOf(cause)),
    });
  } finally {
    opened?.close();
  }
}

/** HDF5's last word of a stack of them. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /minor: (?!Unable)(.+)/.exec(message)?.[1] ?? message.split('\n')[0]!;
}

function ofApplications(file: File): StoredLayer[] {
  return texts(file, 'layer_names').flatMap((name) => {
    const group = groupAt(file, name);
    const names = texts(group, 'weight_names');
    if (names.length === 0) return [];
    const weights = names.map((weight) => weightAt(group, weight));
    return [{ name, depthwise: names.some((one) => one.includes('depthwise')), weights }];
  });
}

function ofKeras3(file: File, network: Pick<Network, 'weighted' | 'top'>): StoredLayer[] {
  const layers = groupAt(file, 'layers');
  const nameAt = namesByClass(network);
  return layers.keys().flatMap((path) => {
    const group = groupAt(layers, `${path}/vars`);
    const keys = group.keys().sort((a, b) => Number(a) - Number(b));
    if (keys.length === 0) return [];
    const [name = nameAt(path)] = texts(group, 'name');
    return [
      { name, depthwise: path.startsWith('depthwise'), weights: keys.map((key) => weightAt(group, key)) },
    ];
  });
}

/** The names of layers' classes that Keras 3 makes paths of. */
const CLASS_PATHS: Record<Weighted, string> = {
  convolution: 'conv2d',
  'depthwise convolution': 'depthwise_conv2d',
  'batch norm': 'batch_normalization',
};

/**
 * Early releases of Keras 3 wrote no names: a path (`conv2d_3`) says a layer's class and its number among those of its
 * class, in the model's order, which ends with the top's layers.
 */
function namesByClass({ weighted, top }: Pick<Network, 'weighted' | 'top'>): (path: string) => string {
  const names = new Map(Object.values(CLASS_PATHS).map((path): [string, string[]] => [path, []]));
  for (const [name, kind] of weighted) names.get(CLASS_PATHS[kind])!.push(name);
  return (path) => {
    const [, kind = path, number = '0'] = COUNTED.exec(path)!;
    return [...(names.get(kind) ?? []), ...top][Number(number)] ?? path;
  };
}

function groupAt(parent: Group, path: string): Group {
  const found = parent.get(path);
  if (found === null || !('keys' in found)) throw new Error(`there is no group ${path}`);
  return found as Group;
}

function texts(of: Group, attribute: string): string[] {
  const value = of.attrs[attribute]?.value;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one): one is string => typeof one === 'string');
}

function weightAt(group: Group, path: string): Weight {
  const found = group.get(path) as Dataset | null;
  const values = found?.value;
  if (!(values instanceof Float32Array) || found?.shape == null)
    throw new Error(`no float32 weight is at ${path}`);
  return { shape: found.shape, values: values.slice() };
}

const COUNTED = /^(.*?)(?:_(\d+))?$/;

/**
 * Keras counts layers that are given no name on within a process: `conv2d_95` may be its first convolution. Where a name is
 * none of the network's, those of its kind are counted from the first again.
 */
function recounted(layers: readonly StoredLayer[], known: ReadonlySet<string>): StoredLayer[] {
  const parts = (name: string) => {
    const [, kind = name, number = '0'] = COUNTED.exec(name)!;
    return { kind, number: Number(number) };
  };
  const kinds = new Map<string, number[]>();
  for (const { name } of layers) {
    const { kind, number } = parts(name);
    kinds.set(kind, [...(kinds.get(kind) ?? []), number]);
  }
  for (const numbers of kinds.values()) numbers.sort((a, b) => a - b);
  const strange = new Set(layers.filter(({ name }) => !known.has(name)).map(({ name }) => parts(name).kind));
  return layers.map((layer) => {
    const { kind, number } = parts(layer.name);
    if (!strange.has(kind) || !known.has(kind)) return layer;
    const place = kinds.get(kind)!.indexOf(number);
    return { ...layer, name: place === 0 ? kind : `${kind}_${place}` };
  });
}

function named(layers: readonly StoredLayer[]): NamedWeights {
  const found = new Map<string, Weight>();
  for (const { name, depthwise, weights } of layers) {
    const variables = variablesOf(weights, depthwise);
    if (variables === undefined) throw new Error(`${name} has ${weights.length} weights of an unknown layer`);
    for (const [index, weight] of weights.entries()) found.set(`${name}/${variables[index]}`, weight);
  }
  return found;
}

/** What the variables of a layer with these weights are called: files of old versions call them otherwise, or not at all. */
function variablesOf(weights: readonly Weight[], depthwise: boolean): string[] | undefined {
  const ranks = weights.map(({ shape }) => shape.length).join();
  const kernel = depthwise ? 'depthwise_kernel' : 'kernel';
  switch (ranks) {
    case '4':
    case '2':
      return [kernel];
    case '4,1':
    case '2,1':
      return [kernel, 'bias'];
    case '1,1,1':
      return ['beta', 'moving_mean', 'moving_variance'];
    case '1,1,1,1':
      return ['gamma', 'beta', 'moving_mean', 'moving_variance'];
    default:
      return undefined;
  }
}
