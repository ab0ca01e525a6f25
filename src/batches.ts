import { PipelineError, throwIfAborted } from './errors.js';
import { uniform } from './random.js';
import type { TensorCache } from './sinks/tensor-cache/cache.js';

/**
 * How 0..255 RGB becomes a network's input: `scale` is x / 255, `tf` is x / 127.5 − 1, `torch` is (x / 255 − mean) /
 * std by ImageNet's channel statistics, `caffe` is BGR minus ImageNet's channel means (keras.applications'
 * preprocess_input modes).
 */
export type Normalisation = 'scale' | 'tf' | 'torch' | 'caffe';

export interface BatchOptions {
  samples: readonly { key: number; label: number }[];
  /** At least 1. */
  batchSize: number;
  /** The permutation of an epoch is a function of these two alone; absent: the given order. */
  shuffle?: { seed: number; epoch: number };
  /** Of a pixel cache: bytes as they are, or normalised numbers (default where `normalise` is given). */
  dtype?: 'uint8' | 'float32';
  normalise?: Normalisation;
  /** Leaves out a last batch that is not full. */
  dropRemainder?: boolean;
  /** Buffers in the ring, at least 2: a batch stays valid while so many less one are asked for after it. */
  buffers?: number;
  signal?: AbortSignal;
}

export interface Batch {
  /** 0-based within the epoch. */
  index: number;
  size: number;
  /** [size, height, width, 3] for pixels, [size, length] for vectors; row-major. */
  shape: number[];
  /** A view into the ring: see `BatchOptions.buffers`. */
  values: Uint8Array | Float32Array;
  /** Classes, [size]. */
  labels: Int32Array;
  /** The photos' keys in the cache, [size]. */
  keys: Uint32Array;
}

const DEFAULT_BUFFERS = 3;

/** Per channel of the result: which channel of RGB it comes from, and value × scale + shift. */
interface Channel {
  from: number;
  scale: number;
  shift: number;
}

const same = (scale: number, shift: number): Channel[] => [0, 1, 2].map((from) => ({ from, scale, shift }));

/** ImageNet's statistics, as in keras/src/applications/imagenet_utils.py. */
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const BGR_MEANS = [103.939, 116.779, 123.68];

const CHANNELS: Record<Normalisation, readonly Channel[]> = {
  scale: same(1 / 255, 0),
  tf: same(1 / 127.5, -1),
  torch: MEAN.map((mean, from) => ({ from, scale: 1 / 255 / STD[from]!, shift: -mean / STD[from]! })),
  caffe: BGR_MEANS.map((mean, channel) => ({ from: 2 - channel, scale: 1, shift: -mean })),
};

/**
 * A cache's samples as batches over a ring of preallocated buffers: each sample once an epoch, nothing read before it
 * is asked for. Breaking off frees everything.
 * @throws {PipelineError} `ABORTED`; `NOT_FOUND` where a key is not in the cache.
 */
export async function* batches(cache: TensorCache, options: BatchOptions): AsyncGenerator<Batch> {
  const { samples, batchSize, shuffle, dropRemainder = false, buffers = DEFAULT_BUFFERS, signal } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new PipelineError('USAGE', `Expected a batch size of at least 1 but received ${batchSize}`);
  }
  const { identity } = cache;
  const vectors = identity.kind === 'vectors';
  const floats = vectors || options.normalise !== undefined || options.dtype === 'float32';
  const shape = vectors ? [identity.length] : [identity.height, identity.width, identity.channels];
  const numbers = shape.reduce((product, size) => product * size, 1);
  const channels = options.normalise === undefined ? same(1, 0) : CHANNELS[options.normalise];
  const order = shuffle === undefined ? undefined : permutation(samples.length, shuffle);
  const ring = Array.from({ length: Math.max(2, buffers) }, () =>
    floats ? new Float32Array(batchSize * numbers) : new Uint8Array(batchSize * numbers),
  );
  const photo = floats && !vectors ? new Uint8Array(numbers) : undefined;

  const count = dropRemainder
    ? Math.floor(samples.length / batchSize)
    : Math.ceil(samples.length / batchSize);
  for (let index = 0; index < count; index++) {
    if (signal !== undefined) throwIfAborted(signal);
    const start = index * batchSize;
    const size = Math.min(batchSize, samples.length - start);
    const values = ring[index % ring.length]!;
    const bytes = new Uint8Array(values.buffer);
    const labels = new Int32Array(size);
    const keys = new Uint32Array(size);
    for (let row = 0; row < size; row++) {
      const { key, label } = samples[order === undefined ? start + row : order[start + row]!]!;
      labels[row] = label;
      keys[row] = key;
      if (photo === undefined) cache.read(key, bytes, row * cache.valueBytes);
      else {
        cache.read(key, photo);
        normalise(photo, values as Float32Array, row * numbers, channels);
      }
    }
    yield { index, size, shape: [size, ...shape], values: values.subarray(0, size * numbers), labels, keys };
  }
}

function normalise(
  photo: Uint8Array,
  target: Float32Array,
  offset: number,
  channels: readonly Channel[],
): void {
  for (const [channel, { from, scale, shift }] of channels.entries()) {
    for (let at = 0; at < photo.length; at += 3)
      target[offset + at + channel] = photo[at + from]! * scale + shift;
  }
}

/** Fisher–Yates with counter-based draws. */
export function permutation(length: number, { seed, epoch }: { seed: number; epoch: number }): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(uniform(seed, 'shuffle', epoch, last) * (last + 1));
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}
