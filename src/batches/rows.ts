import { augmenter } from '../augment/augmenter.js';
import { augmentationOf, UNCHANGED } from '../augment/parameters.js';
import type { AugmentationRecipe } from '../augment/schema.js';
import { PipelineError } from '../errors.js';
import { type Channel, channelsOf, type Normalisation } from '../normalisation.js';
import type { PixelIdentity, TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Epochs } from './epochs.js';
import type { Order, OrderOptions } from './order.js';
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
}

/** Which views of the photos an epoch shows: those of `pipeline preview` for the same values. */
export interface AugmentOptions {
  recipe: AugmentationRecipe;
  seed: number;
  epoch: number;
}

/** How a photo becomes its row. */
export interface RowOptions {
  /** Of a pixel cache: bytes as they are, or numbers (the default where anything below is given). */
  dtype?: 'uint8' | 'float32';
  normalise?: Normalisation;
  /** Of a pixel cache: another size than the cache's, resized bilinearly in the same warp that augments. */
  height?: number;
  width?: number;
  /** Of a pixel cache: changes each photo; mixup and cutmix mix the whole batch. */
  augment?: AugmentOptions;
  /** Of a pixel cache: runs on each photo, instead of all that is done otherwise. */
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
  if (identity.kind === 'vectors') {
    return { shape: [identity.length], dtype: 'float32', bytes: 4 * identity.length };
  }
  const { dtype, normalise, augment, transform } = options;
  const { height = identity.height, width = identity.width } = options;
  const shape = [height, width, identity.channels];
  const numbers = shape.reduce((product, size) => product * size, 1);
  const floats =
    (normalise ?? augment ?? transform ?? options.height ?? options.width) !== undefined ||
    dtype === 'float32';
  return { shape, dtype: floats ? 'float32' : 'uint8', bytes: floats ? 4 * numbers : numbers };
}

/** Fills rows `from` up to `to` (excluded) of one of the stream's batches in the batch's memory. */
export type FillRows = (batch: number, from: number, to: number, target: Uint8Array) => void;

/** Prepares to fill batches; the values are a function of (cache, epochs, options) alone. */
export async function rowFiller(
  cache: TensorCache,
  table: SampleTable,
  epochs: Epochs,
  options: RowOptions & Pick<OrderOptions, 'balance'>,
): Promise<FillRows> {
  const { identity } = cache;
  const layout = rowLayout(cache, options);
  const keyAt = (order: Order, position: number) => {
    const next = order.fetchAt(position);
    if (next !== undefined) cache.prefetch(next.map((sample) => table.keys[sample]!));
    return table.keys[order.sampleAt(position)]!;
  };
  if (identity.kind === 'vectors' || layout.dtype === 'uint8') {
    return (batch, from, to, target) => {
      const { order, index } = epochs.at(batch);
      const keys = Uint32Array.from({ length: to - from }, (_, at) =>
        keyAt(order, order.position(index, from + at)),
      );
      cache.readAll(keys, target.subarray(from * layout.bytes, to * layout.bytes));
    };
  }
  const maker = await rowMaker(identity, layout, options);
  return (batch, from, to, target) => {
    const { order, index, seed, epoch, options: own } = epochs.at(batch);
    for (let at = from; at < to; at++) {
      const position = order.position(index, at);
      const key = keyAt(order, position);
      cache.readAll([key], maker.photo);
      const row = new Float32Array(
        target.buffer as ArrayBuffer,
        target.byteOffset + at * layout.bytes,
        layout.bytes / 4,
      );
      maker.fill(row, { seed, epoch, position, key }, own.augment);
    }
  };
}

async function loadedTransform({ module }: TransformOptions): Promise<RowTransformFactory> {
  const { default: factory } = (await import(module).catch((cause: unknown) => {
    throw new PipelineError('USAGE', 'Expected the address of a module that can be loaded', {
      key: module,
      hint: 'new URL("./transform.js", import.meta.url).href gives one.',
      cause,
    });
  })) as { default: RowTransformFactory };
  if (typeof factory === 'function') return factory;
  throw new PipelineError('USAGE', 'Expected a function as the module’s default export', { key: module });
}

/** A transform that goes on after it returned would find the next photo in its memory. */
function assertDone(result: unknown): void {
  if (!(result instanceof Promise)) return;
  // Refused here: what becomes of it must not count as unhandled.
  result.catch(() => {});
  throw new PipelineError(
    'USAGE',
    'Expected a transform that is done when it returns but received a promise',
  );
}

/** Makes one row after the other of the photo that was put into its memory. */
interface RowMaker {
  photo: Uint8Array;
  fill(row: Float32Array, draw: RowDraw, augment?: AugmentOptions): void;
}

async function rowMaker(
  { height, width, channels }: PixelIdentity,
  { shape }: RowLayout,
  { normalise, transform, balance }: RowOptions & Pick<OrderOptions, 'balance'>,
): Promise<RowMaker> {
  const target = { height: shape[0]!, width: shape[1]! };
  if (transform !== undefined) {
    const factory = await loadedTransform(transform);
    const photo = new Uint8Array(height * width * channels);
    const run = await factory({
      photo: { height, width },
      row: target,
      channels: channelsOf(normalise),
      options: transform.options,
    });
    return { photo, fill: (row, draw) => assertDone(run(photo, row, draw)) };
  }
  const kernel = augmenter({ source: { height, width }, target, ...(normalise && { normalise }) });
  return {
    photo: kernel.source,
    fill(row, { key, position }, augment) {
      // A balanced epoch shows a photo several times: each time another view.
      const view = balance === undefined ? 0 : 1 + position;
      kernel.augment(
        augment === undefined ? UNCHANGED : augmentationOf(augment.recipe, { ...augment, key, view }),
        row,
      );
    },
  };
}
