import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { batches, openReaders } from '#src/batches.js';
import type { CacheIdentity, TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { collect } from '../context.js';
import { temporaryFolder } from '../fixtures.js';

const COUNT = 10;
const shift = new URL('./shift.js', import.meta.url).href;
const samples = Array.from({ length: COUNT }, (_, key) => ({ key, label: key % 2 }));
const recipe = { flip: 'horizontal' };
const shuffle = { seed: 1, epoch: 1 };
const holdingItself: { self?: unknown } = {};
holdingItself.self = holdingItself;
const OF_VECTORS: CacheIdentity = {
  kind: 'vectors',
  schemaVersion: 1,
  length: 4,
  dtype: 'float32',
  network: 'mobilenet',
  weights: 'w',
  layer: 'l',
  preprocessing: 'tf',
  view: 0,
  pixels: 'p',
};
let folder: { path: string; dispose(): Promise<void> };
let pixels: TensorCache;
let vectors: TensorCache;
let started = 0;
const onWorker = () => {
  started += 1;
};
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);

beforeAll(async () => {
  process.on('worker', onWorker);
  process.on('unhandledRejection', onUnhandled);
  folder = await temporaryFolder('options');
  const ofPixels = pixelIdentity({ height: 2, width: 3, fit: 'stretch', decoder: 'turbo' });
  const made = async (name: string, identity: CacheIdentity, bytes: number) => {
    const writer = await writeCache(join(folder.path, name), identity);
    for (const { key } of samples) await writer.put(String(key).padStart(64, '0'), new Uint8Array(bytes));
    await writer.close();
    return openCache(join(folder.path, name));
  };
  pixels = await made('pixels', ofPixels, 18);
  vectors = await made('vectors', OF_VECTORS, 16);
});
afterEach(async () => {
  await new Promise(setImmediate);
  expect(unhandled).toEqual([]);
});
afterAll(async () => {
  process.off('worker', onWorker);
  process.off('unhandledRejection', onUnhandled);
  await pixels.close();
  await vectors.close();
  await folder.dispose();
});

const ofSample = (sample: unknown) => ({ samples: [...samples, sample] });
/** Options, and what is said of them. */
const wrong: Record<string, [options: object, said: RegExp]> = {
  'no batch size': [{ batchSize: undefined }, /batchSize: Expected number but received nothing/],
  'an endless batch': [{ batchSize: Number.POSITIVE_INFINITY }, /batchSize: .* received Infinity/],
  'a bigint': [{ batchSize: 3n }, /batchSize: Expected number but received 3n/],
  'what holds itself': [{ batchSize: holdingItself }, /batchSize: Expected number but received .*Circular/],
  'a padded batch larger than memory': [{ batchSize: 2 ** 52, last: 'pad' }, /that fit into memory/],
  'an unknown option': [{ size: 1 }, /size: Expected no such key/],
  'a shuffle’s mode': [
    { shuffle: { ...shuffle, mode: 'any' } },
    /shuffle.mode: .* "exact", "block" .* "any"/,
  ],
  'a fraction of a seed': [
    { shuffle: { seed: 0.5, epoch: 1 } },
    /shuffle.seed: Expected int but received 0.5/,
  ],
  'a seed that is no exact number': [{ shuffle: { seed: 2 ** 60, epoch: 1 } }, /shuffle.seed/],
  'an epoch that is none': [{ shuffle: { seed: 1, epoch: Number.NaN } }, /shuffle.epoch: .* received NaN/],
  'no epoch': [{ shuffle: { seed: 1 } }, /shuffle.epoch: .* received nothing/],
  'blocks of nothing': [{ shuffle: { ...shuffle, mode: 'block', block: 0 } }, /shuffle.block/],
  'a fraction of a window': [{ shuffle: { ...shuffle, mode: 'block', window: 1.5 } }, /shuffle.window/],
  'another balance': [{ balance: 'label', shuffle }, /balance: .* "class" but received "label"/],
  'a balance without a shuffle': [{ balance: 'class' }, /a shuffle for balanced draws/],
  'a shard too many': [{ shard: { index: 2, count: 2 } }, /a shard index in 0..1 but received 2/],
  'a shard before the first': [{ shard: { index: -1, count: 2 } }, /shard.index: .* at least 0 .* -1/],
  'no shards': [{ shard: { index: 0, count: 0 } }, /shard.count/],
  'another end': [{ last: 'repeat' }, /last: .* "keep", "drop", "pad" but received "repeat"/],
  'another dtype': [{ dtype: 'int8' }, /dtype: .* "uint8", "float32" but received "int8"/],
  'another normalisation': [{ normalise: 'zero' }, /normalise: .* received "zero"/],
  'bytes that are normalised': [{ dtype: 'uint8', normalise: 'tf' }, /dtype: Expected float32, .* "uint8"/],
  'no height': [{ height: 0 }, /height: Expected at least 1 but received 0/],
  'a fraction of a width': [{ width: 1.5 }, /width: Expected int but received 1.5/],
  'a height of too many pixels': [{ height: 1e9 }, /height: Expected at most 8192/],
  'an augmentation that is none': [
    { augment: { recipe: { blur: 1 }, seed: 1, epoch: 1 } },
    /augment.recipe.blur: Expected no such key/,
  ],
  'an augmentation’s seed': [{ augment: { recipe, seed: 0.5, epoch: 1 } }, /augment.seed/],
  'an augmentation beside a transform': [
    { augment: { recipe, seed: 1, epoch: 1 }, transform: { module: shift } },
    /augment: Expected none beside a transform/,
  ],
  'a transform’s options that no thread can be sent': [
    { transform: { module: shift, options: { add() {} } } },
    /transform.options: Expected JSON/,
  ],
  'a transform’s options without JSON': [
    { transform: { module: shift, options: { add: 1n } } },
    /transform.options: Expected JSON/,
  ],
  'one buffer': [{ buffers: 1 }, /buffers: Expected at least 2 but received 1/],
  'buffers that are no number': [{ buffers: Number.NaN }, /buffers: .* received NaN/],
  'nothing ahead': [{ ahead: 0 }, /ahead: Expected at least 1/],
  'a signal that is none': [{ signal: {} }, /signal: Expected an AbortSignal but received {}/],
  'a state that is no text': [{ from: 1 }, /from: Expected string but received 1/],
  'samples that are no array': [{ samples: new Set(samples) }, /samples: Expected an array of samples/],
  'no sample': [ofSample(null), /whole numbers for a key and a label but received null/],
  'a hole': [{ samples: Object.assign([...samples], { length: COUNT + 1 }) }, /received undefined/],
  'a key below 0': [ofSample({ key: -1, label: 0 }), /{ key: -1, label: 0 }/],
  'a fraction of a key': [ofSample({ key: 0.5, label: 0 }), /{ key: 0.5, label: 0 }/],
  'a key of 33 bits': [ofSample({ key: 2 ** 32, label: 0 }), /{ key: 4294967296, label: 0 }/],
  'a key in letters': [ofSample({ key: '1', label: 0 }), /{ key: '1', label: 0 }/],
  'a key that is a bigint': [ofSample({ key: 1n, label: 0 }), /{ key: 1n, label: 0 }/],
  'a fraction of a label': [ofSample({ key: 1, label: 0.5 }), /{ key: 1, label: 0.5 }/],
  'a label that is none': [ofSample({ key: 1, label: Number.NaN }), /{ key: 1, label: NaN }/],
  'no label': [ofSample({ key: 1 }), /{ key: 1 }/],
};

const first = (cache: TensorCache, options: object) =>
  batches(cache, { samples, batchSize: 4, ...options } as never).next();
const usage = (said: RegExp) => ({ code: 'USAGE', message: expect.stringMatching(said) as string });

it.each(Object.entries(wrong))('refuses %s before any thread starts', async (name, [options, said]) => {
  started = 0;
  await expect(first(pixels, options)).rejects.toMatchObject(usage(said));
  await expect(first(pixels, { ...options, workers: 2 })).rejects.toMatchObject(usage(said));
  // Only the system knows what memory it has, and is asked last.
  if (!name.includes('memory')) expect(started).toBe(0);
});

it.each([1.5, -1, Number.NaN, '2', null, {}])('refuses %o as workers', async (workers) => {
  await expect(first(pixels, { workers })).rejects.toMatchObject(usage(/workers: Expected/));
});

it('names a wrong sample by its place in what was given, however the samples are arranged', async () => {
  for (const of of [{}, { shuffle: { ...shuffle, mode: 'block' } }, { shuffle, balance: 'class' }]) {
    const given = [...samples.slice(0, 4), { key: 0.5, label: -3 }, ...samples.slice(4)];
    await expect(first(pixels, { samples: given, ...of })).rejects.toMatchObject({ key: 'sample 4' });
  }
});

it('refuses for vectors what only pixels can be given, and gives them out as they are', async () => {
  const ofPixels = {
    dtype: 'uint8',
    normalise: 'tf',
    height: 1,
    width: 1,
    augment: { recipe, seed: 1, epoch: 1 },
    transform: { module: shift },
  };
  for (const workers of [0, 2]) {
    for (const [name, value] of Object.entries(ofPixels)) {
      started = 0;
      const refused = first(vectors, { [name]: value, workers });
      await expect(refused).rejects.toMatchObject(usage(new RegExp(`no ${name} for a cache of vectors`)));
      expect(started).toBe(0);
    }
    const given = await collect(batches(vectors, { samples, batchSize: 4, dtype: 'float32', workers }));
    expect(given.map(({ shape }) => shape)).toEqual([
      [4, 4],
      [4, 4],
      [2, 4],
    ]);
  }
});

it('leaves readers as they were by a refused stream', async () => {
  const readers = openReaders(pixels, 1);
  for (const [options] of Object.values(wrong)) {
    await expect(first(pixels, { ...options, workers: readers })).rejects.toMatchObject({ code: 'USAGE' });
  }
  expect((await collect(batches(pixels, { samples, batchSize: 4, workers: readers }))).length).toBe(3);
  await readers.close();
});
