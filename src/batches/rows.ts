import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { type Channel, channelsOf, type Normalisation, normaliser } from './normalise.js';
import type { Order } from './order.js';
import type { SampleTable } from './samples.js';

/** What determines the draws of a row's transform; `position` is its place in the epoch, all shards' together. */
export interface RowDraw {
  seed: number;
  epoch: number;
  position: number;
  key: number;
}

/** Turns a photo's bytes into its row of a batch, which it fills: a function of its arguments alone. */
export type RowTransform = (photo: Uint8Array, row: Float32Array, draw: RowDraw) => void;

/** What a transform's module exports by default: called once in each thread that reads. */
export type RowTransformFactory<Options = unknown> = (input: {
  /** The cache's photos. */
  photo: { height: number; width: number };
  /** The rows to fill: height × width × 3, RGB. */
  row: { height: number; width: number };
  /** The normalisation of the result, fused into the transform. */
  channels: readonly Channel[];
  options: Options;
}) => RowTransform | Promise<RowTransform>;

/** A transform by the address of its module, because it runs in the threads that read. */
export interface TransformOptions {
  /** Of an ES module whose default export is a `RowTransformFactory`. */
  module: string;
  /** Handed to the factory; JSON. */
  options?: unknown;
  /** Of the rows it fills, where they are not the cache's. */
  height?: number;
  width?: number;
}

/** How a photo becomes its row. */
export interface RowOptions {
  /** Of a pixel cache: bytes as they are, or numbers (default where `normalise` or `transform` is given). */
  dtype?: 'uint8' | 'float32';
  normalise?: Normalisation;
  /** Of a pixel cache: runs on each photo, instead of a plain normalisation. */
  transform?: TransformOptions;
}

/** What a row is, before any is read. */
export interface RowLayout {
  shape: number[];
  dtype: 'uint8' | 'float32';
  bytes: number;
}

export function rowLayout(cache: Pick<TensorCache, 'identity'>, options: RowOptions): RowLayout {
  const { identity } = cache;
  const { dtype, normalise, transform } = options;
  if (identity.kind === 'vectors') {
    return { shape: [identity.length], dtype: 'float32', bytes: 4 * identity.length };
  }
  const { height, width, channels } = identity;
  const shape = [transform?.height ?? height, transform?.width ?? width, channels];
  const numbers = shape.reduce((product, size) => product * size, 1);
  const floats = normalise !== undefined || transform !== undefined || dtype === 'float32';
  return { shape, dtype: floats ? 'float32' : 'uint8', bytes: floats ? 4 * numbers : numbers };
}

/** Fills rows `from` up to `to` (excluded) of a batch in the batch's memory. */
export type FillRows = (batch: number, from: number, to: number, target: Uint8Array) => void;

/** Prepares to fill batches; the values are a function of (cache, order, options) alone. */
export async function rowFiller(
  cache: TensorCache,
  table: SampleTable,
  order: Order,
  options: RowOptions & { seed: number; epoch: number },
): Promise<FillRows> {
  const { identity } = cache;
  const layout = rowLayout(cache, options);
  const keyAt = (position: number) => {
    const next = order.fetchAt(position);
    if (next !== undefined) cache.prefetch(next.map((sample) => table.keys[sample]!));
    return table.keys[order.sampleAt(position)]!;
  };
  if (identity.kind === 'vectors' || layout.dtype === 'uint8') {
    return (batch, from, to, target) => {
      const keys = Uint32Array.from({ length: to - from }, (_, at) =>
        keyAt(order.position(batch, from + at)),
      );
      cache.readAll(keys, target.subarray(from * layout.bytes, to * layout.bytes));
    };
  }
  const transform = await transformOf(identity, layout, options);
  const { seed, epoch } = options;
  const photo = new Uint8Array(cache.valueBytes);
  return (batch, from, to, target) => {
    for (let at = from; at < to; at++) {
      const position = order.position(batch, at);
      const key = keyAt(position);
      cache.readAll([key], photo);
      const row = new Float32Array(
        target.buffer as ArrayBuffer,
        target.byteOffset + at * layout.bytes,
        layout.bytes / 4,
      );
      transform(photo, row, { seed, epoch, position, key });
    }
  };
}

async function transformOf(
  photo: { height: number; width: number },
  { shape }: RowLayout,
  { normalise, transform }: RowOptions,
): Promise<RowTransform> {
  const channels = channelsOf(normalise);
  if (transform === undefined) return normaliser(channels);
  const { default: factory } = (await import(transform.module)) as { default: RowTransformFactory };
  const { height, width } = photo;
  return factory({
    photo: { height, width },
    row: { height: shape[0]!, width: shape[1]! },
    channels,
    options: transform.options,
  });
}
