import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { readsFeatures } from '#src/models/classifier.js';
import { type FitOptions, fitTask } from '#src/models/fit.js';
import { measuredSamples } from '#src/models/measured.js';
import { uniform } from '#src/random.js';
import type { ModelRecipe } from '#src/recipe.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { Sample } from '#src/records.js';
import type { CacheIdentity, TensorCache, VectorIdentity } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { CLASSES, type Colours, coloursToFit, INPUT, MODEL } from './colours.js';

const LENGTH = 128;
const vectorIdentity = (view: number): VectorIdentity => ({
  kind: 'vectors',
  schemaVersion: 1,
  length: LENGTH,
  dtype: 'float32',
  network: 'small-cnn',
  weights: '0'.repeat(64),
  layer: 'block4_pool',
  preprocessing: 'scale',
  view,
  pixels: `0000000${view}`,
});
const HEAD: ModelRecipe = {
  ...MODEL,
  phases: [
    { train: 'head', epochs: 2, optimizer: 'momentum', learningRate: 0.05 },
    { train: 'head', epochs: 3, optimizer: 'adam', learningRate: 0.005 },
  ],
};

let colours: Colours;
let backend: StartedBackend;
let train: Sample[];
const opened: TensorCache[] = [];
beforeAll(async () => {
  colours = await coloursToFit();
  train = colours.samples.filter(({ split }) => split === 'train');
  backend = await startBackend('wasm');
});
afterAll(async () => {
  await backend.stop();
  for (const cache of opened) await cache.close();
  await colours.dispose();
});

async function cacheOf(
  name: string,
  identity: CacheIdentity,
  samples: readonly Sample[],
  valueFor: (sample: Sample) => Uint8Array,
): Promise<TensorCache> {
  const path = join(colours.folder, name);
  const writer = await writeCache(path, identity);
  for (const sample of samples) await writer.put(sample.sha256, valueFor(sample));
  await writer.close();
  const cache = openCache(path);
  opened.push(cache);
  return cache;
}

/** Numbers that tell the class, in another way in each view. */
function vectors(view: number, samples: readonly Sample[]): Promise<TensorCache> {
  return cacheOf(`vectors-${view}`, vectorIdentity(view), samples, ({ label, sha256 }) => {
    const own = CLASSES.indexOf(label);
    const numbers = Float32Array.from(
      { length: LENGTH },
      (_, at) => uniform('vector', view, sha256, at) + (at % 3 === own ? 0.4 : 0),
    );
    return new Uint8Array(numbers.buffer);
  });
}

const bytesOf = (name: string) => readFile(join(colours.folder, name, 'weights.bin'));
const trainInto = (name: string, more: Partial<FitOptions>) => fitTask(colours.options(backend, name, more));

/** Trains with a stop in each of these epochs, then to the end. */
async function fitWithStops(name: string, stops: readonly number[], more: Partial<FitOptions>) {
  const checkpoint = { file: join(colours.folder, `${name}.checkpoint`), key: 'k' };
  for (const stop of stops) {
    const controller = new AbortController();
    const events = eventBus();
    events.events.subscribe((event) => event.type === 'epoch' && event.epoch === stop && controller.abort());
    const stopped = trainInto(name, { ...more, checkpoint, events, signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  }
  const epochs: number[] = [];
  const events = eventBus();
  events.events.subscribe((event) => event.type === 'epoch' && epochs.push(event.epoch));
  await trainInto(name, { ...more, checkpoint, events });
  return epochs;
}

describe('training on stored views', () => {
  it('reads the train side from the views in turn, and measures both sides on the photos', async () => {
    const reads: { from: string; key: number }[] = [];
    const watched = (from: string, cache: TensorCache): TensorCache => ({
      ...cache,
      readAll(keys, target) {
        for (const key of Array.from(keys)) reads.push({ from, key });
        cache.readAll(keys, target);
      },
    });
    // Keys differ from view to view, as where an earlier build had stored other photos.
    const views = [
      watched('view 1', await vectors(1, train)),
      watched('view 2', await vectors(2, [...train].reverse())),
    ];
    const photos = watched('photos', await vectors(0, colours.samples));
    const { history } = await trainInto('turns', { cache: photos, views, model: HEAD });
    expect(history).toHaveLength(5);
    const epochs: { from: string; keys: Set<number> }[] = [];
    for (const { from, key } of reads) {
      if (epochs.at(-1)?.from !== from) epochs.push({ from, keys: new Set() });
      epochs.at(-1)!.keys.add(key);
    }
    expect(epochs.map(({ from }) => from)).toEqual(
      ['view 1', 'view 2', 'view 1', 'view 2', 'view 1'].flatMap((view) => [view, 'photos']),
    );
    for (const { from, keys } of epochs) expect(keys.size).toBe(from === 'photos' ? 60 + 15 : 60);
    // It learns what holds in both.
    expect(history.at(-1)!.validationAccuracy).toBeGreaterThan(0.9);

    await trainInto('one-view', { cache: photos, views: views.slice(0, 1), model: HEAD });
    expect((await bytesOf('turns')).equals(await bytesOf('one-view'))).toBe(false);
    const epochsLeft = await fitWithStops('stopped', [1, 2, 4], { cache: photos, views, model: HEAD });
    expect(epochsLeft[0]).toBeGreaterThan(1);
    expect((await bytesOf('stopped')).equals(await bytesOf('turns'))).toBe(true);
  });

  it('needs no more of the photos themselves than it measures', async () => {
    // More than are always measured; of these alone are features computed.
    const many = Array.from({ length: 300 }, (_, index) => {
      const sha256 = (1000 + index).toString(16).padStart(64, '0');
      return { ...train[index % train.length]!, path: `many${index}`, sha256 };
    });
    const others = colours.samples.filter(({ split }) => split !== 'train');
    const samples = [...many, ...others];
    const measured = measuredSamples(samples, { seed: 1, task: 'colour' });
    expect(measured.length).toBeLessThan(many.length);
    const photos = await vectors(3, [...measured, ...others]);
    const views = [await vectors(4, many)];
    const { history } = await trainInto('many', {
      samples,
      cache: photos,
      views,
      model: HEAD,
      seed: 1,
      task: 'colour',
    });
    expect(history.at(-1)!.trainPhotos).toBe(measured.length);
  });

  it('gives of views that are the photos themselves what training on photos gives', async () => {
    const phases = [{ train: 'all', epochs: 2, optimizer: 'adam', learningRate: 0.005 }] as const;
    const model = { ...MODEL, phases: [...phases] };
    const before = backend.tf.memory().numTensors;
    await trainInto('photos', { model });
    await trainInto('same', { model, views: [colours.cache] });
    expect(backend.tf.memory().numTensors).toBe(before);
    expect((await bytesOf('same')).equals(await bytesOf('photos'))).toBe(true);
  });

  it('of pixels that are mixed goes on from its last epoch to the very weights', async () => {
    const views = await Promise.all(
      [1, 2].map((number) => {
        const view = { number, seed: 1, augmentation: {} };
        return cacheOf(`pixels-${number}`, pixelIdentity({ ...INPUT, view }), train, ({ sha256 }) => {
          const pixels = new Uint8Array(INPUT.height * INPUT.width * 3);
          colours.cache.read(colours.cache.keyOf(sha256)!, pixels);
          return pixels.map((level) => level >> (number - 1));
        });
      }),
    );
    const phases = [{ train: 'all', epochs: 4, optimizer: 'adam', learningRate: 0.005 }] as const;
    const options = { model: { ...MODEL, phases: [...phases] }, views };
    const before = backend.tf.memory().numTensors;
    await trainInto('unmixed', options);
    await trainInto('undisturbed', { ...options, augmentation: { mixup: 0.3 } });
    await fitWithStops('mixed', [2, 3], { ...options, augmentation: { mixup: 0.3 } });
    expect(backend.tf.memory().numTensors).toBe(before);
    expect((await bytesOf('mixed')).equals(await bytesOf('undisturbed'))).toBe(true);
    expect((await bytesOf('mixed')).equals(await bytesOf('unmixed'))).toBe(false);
  });
});

it('a head is trained on features of photos and of stored views, not of what changes or is mixed in each epoch', () => {
  const features = (...overrides: string[]) =>
    readsFeatures(
      parseRecipe(
        'name: a\ntasks: { color: {} }\nmodel: { network: mobilenet, phases: [{ train: head, epochs: 1 }] }',
        overrides,
      ),
      'color',
    );
  expect(features()).toBe('all');
  expect(features('augmentation={flip: horizontal}')).toBe('none');
  expect(features('augmentation={flip: horizontal}', 'cache.augmentedCopies=3')).toBe('all');
  expect(features('augmentation={flip: horizontal, mixup: 0.2}', 'cache.augmentedCopies=3')).toBe('none');
  expect(
    features(
      'augmentation={flip: horizontal}',
      'cache.augmentedCopies=3',
      'model.phases.0.train={from: conv_pw_13}',
    ),
  ).toBe('none');
  const later = ['model.phases=[{train: head, epochs: 1}, {train: {from: conv_dw_13}, epochs: 1}]'];
  expect(features(...later)).toBe('head');
  expect(features(...later, 'augmentation={flip: horizontal}')).toBe('none');
  expect(features(...later, 'augmentation={flip: horizontal}', 'cache.augmentedCopies=1')).toBe('head');
  expect(features(...later, 'faithful=true')).toBe('none');
  expect(features('model.phases=[{train: all, epochs: 1}, {train: head, epochs: 1}]')).toBe('none');
});
