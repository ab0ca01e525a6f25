import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { augmenter } from '#src/augment/augmenter.js';
import { augmentationOf } from '#src/augment/parameters.js';
import { jpegDecoder, jpegEncoder } from '#src/kernels/jpeg-storage.js';
import type { Recipe } from '#src/recipe.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { Sample, Side } from '#src/records.js';
import { openRunFolder } from '#src/run.js';
import { identityHash } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { buildCaches, cacheName, cacheStep, recipePixels, recipeViews } from '#src/steps/cache.js';
import { testContext } from '../context.js';
import { jpeg, pipeline, smallDisk, temporaryFolder } from '../fixtures.js';

const SIDE = 24;
const RECIPE = `
name: views
seed: 5
tasks: { color: {} }
cache: { size: ${SIDE}, augmentedCopies: 2 }
augmentation: { rotation: 0.1, flip: horizontal, brightness: 0.2, cutout: {}, mixup: 0.2 }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;
const recipe = parseRecipe(RECIPE);
const SIDES: readonly Side[] = ['train', 'train', 'test', 'train', 'validation'];

let folder: { path: string; dispose(): Promise<void> };
const samples: Sample[] = [];
beforeAll(async () => {
  folder = await temporaryFolder('views');
  for (let index = 0; index < 40; index++) {
    const bytes = await jpeg(index, { width: 40 + index, height: 70 - index });
    const file = join(folder.path, `${index}.jpg`);
    await writeFile(file, bytes);
    samples.push({
      path: `${index}.jpg`,
      file,
      label: 'red',
      component: `${index}`,
      imageId: `image-${index}`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      task: 'color',
      split: SIDES[index % SIDES.length]!,
    });
  }
});
afterAll(() => folder.dispose());

const task = (some: readonly Sample[], name = 'color') => ({
  task: name,
  digest: 'h',
  samples: some,
  natural: {},
  given: false,
});
const cachesIn = (root: string, of: Recipe = recipe) =>
  [recipePixels(of), ...recipeViews(of)].map((identity) => ({
    path: join(folder.path, root, cacheName(identity)),
    identity,
  }));
const build = async (root: string, options: { of?: Recipe; some?: Sample[]; workers?: number } = {}) => {
  const { of = recipe, some = samples, workers = 2 } = options;
  const context = testContext({ workers });
  return buildCaches({ caches: cachesIn(root, of), tasks: [task(some)], context });
};
const digests = (built: Awaited<ReturnType<typeof build>>) => built.map(({ summary }) => summary.digest);

let fresh = 0;
const newRoot = () => `root-${fresh++}`;

describe('caches of stored views', () => {
  it('hold what the augmenter makes of the fitted photo by the draws of seed, view and file', async () => {
    const built = await build('drawn');
    const train = samples.filter(({ split }) => split === 'train');
    expect(built.map(({ summary, missing }) => [summary.records, summary.view, missing])).toEqual([
      [40, undefined, 0],
      [24, 1, 0],
      [24, 2, 0],
    ]);
    const [photos, ...views] = cachesIn('drawn').map(({ path, identity }) => openCache(path, { identity }));
    const size = { width: SIDE, height: SIDE };
    const kernel = augmenter({ source: size, target: size });
    const [expected, found] = [new Uint8Array(SIDE * SIDE * 3), new Uint8Array(SIDE * SIDE * 3)];
    let changed = 0;
    for (const [index, view] of views.entries()) {
      for (const { sha256 } of train) {
        photos!.read(photos!.keyOf(sha256)!, kernel.source);
        const draws = { seed: 5, epoch: 0, key: sha256, view: index + 1 };
        kernel.augment(augmentationOf(recipe.augmentation!, draws), expected);
        view.read(view.keyOf(sha256)!, found);
        expect(found).toEqual(expected);
        if (!Buffer.from(found).equals(Buffer.from(kernel.source))) changed += 1;
      }
      expect(view.samples('color', 'h')!.map(({ component }) => component)).toEqual(
        train.map(({ component }) => component),
      );
    }
    expect(changed).toBe(2 * train.length);
    for (const cache of [photos!, ...views]) await cache.close();
  });

  it('hold JPEGs of the same views where photos are stored as such', async () => {
    const asJpeg = parseRecipe(RECIPE.replace('augmentedCopies', 'storage: jpeg, augmentedCopies'));
    await build('drawn');
    await build('jpegs', { of: asJpeg });
    const size = { width: SIDE, height: SIDE };
    const [encode, decode] = [jpegEncoder(size), jpegDecoder(size)];
    const raw = cachesIn('drawn')[2]!;
    const [pixels, jpegs] = [openCache(raw.path), openCache(cachesIn('jpegs', asJpeg)[2]!.path)];
    const [view, expected, found] = [0, 1, 2].map(() => new Uint8Array(SIDE * SIDE * 3));
    for (const { sha256 } of samples.filter(({ split }) => split === 'train')) {
      pixels.read(pixels.keyOf(sha256)!, view!);
      decode(encode(view!), expected!);
      jpegs.read(jpegs.keyOf(sha256)!, found!);
      expect(found).toEqual(expected);
    }
    await pixels.close();
    await jpegs.close();
  });

  it('have the same contents for any number of workers', async () => {
    const sides = fc.array(fc.constantFrom<Side>('train', 'validation', 'test'), {
      minLength: 40,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(sides, async (drawn) => {
        const some = samples.map((sample, index) => ({ ...sample, split: drawn[index]! }));
        const one = await build(newRoot(), { some, workers: 1 });
        expect(digests(await build(newRoot(), { some, workers: 3 }))).toEqual(digests(one));
        const train = drawn.filter((side) => side === 'train').length;
        expect(one.map(({ summary }) => summary.records)).toEqual([40, train, train]);
      }),
      { numRuns: 4 },
    );
  });

  it('have the same contents after builds that were stopped anywhere', async () => {
    const undisturbed = digests(await build(newRoot()));
    let stopped = 0;
    await fc.assert(
      fc.asyncProperty(
        // Milliseconds; the contents do not depend on where they fall.
        fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 3 }),
        async (stops) => {
          const root = newRoot();
          for (const stop of stops) {
            const controller = new AbortController();
            const timer = setTimeout(() => controller.abort(), stop);
            const context = testContext({ signal: controller.signal });
            await buildCaches({ caches: cachesIn(root), tasks: [task(samples)], context }).catch(
              (error: { code?: string }) => {
                expect(error.code).toBe('ABORTED');
                stopped += 1;
              },
            );
            clearTimeout(timer);
          }
          expect(digests(await build(root))).toEqual(undisturbed);
        },
      ),
      { numRuns: 5 },
    );
    expect(stopped).toBeGreaterThan(0);
  });

  it('are added to photos that are cached already, and to fewer views, without changing these', async () => {
    const copies = (count: number) =>
      parseRecipe(RECIPE.replace('augmentedCopies: 2', `augmentedCopies: ${count}`));
    const root = newRoot();
    const [photos] = digests(await build(root, { of: copies(0) }));
    const [, first] = digests(await build(root, { of: copies(1) }));
    const three = digests(await build(root, { of: copies(3) }));
    expect(three.slice(0, 2)).toEqual([photos, first]);
    expect(digests(await build(newRoot(), { of: copies(3) }))).toEqual(three);
    expect(new Set(three).size).toBe(4);
  });

  it('are refused before anything is decoded where the disk has room for the photos alone', async ({
    skip,
  }) => {
    const disk = await smallDisk(join(folder.path, 'disk'), 10 * 2 ** 20);
    if (disk === undefined) return skip();
    try {
      const text = RECIPE.replace(`size: ${SIDE}`, 'size: 224');
      const [photos, ...views] = cachesIn('disk', parseRecipe(text));
      const context = testContext();
      const tasks = [task(samples)];
      const all = { caches: [photos!, ...views], tasks, context };
      await expect(buildCaches(all)).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(context.counts).toEqual([]);
      // 24 training photos of 150 KB in each of two views, and 40 photos, of which there is room for.
      const [alone] = await buildCaches({ caches: [photos!], tasks, context });
      expect(alone!.summary.records).toBe(40);
      disk.resize(40 * 2 ** 20);
      expect((await buildCaches(all)).map(({ summary }) => summary.records)).toEqual([40, 24, 24]);
    } finally {
      disk.dispose();
    }
  });

  it('have a photo that any task trains on', async () => {
    const [a, b] = [samples.slice(0, 3), samples.slice(1, 4)];
    const other = b.map((sample): Sample => ({ ...sample, task: 'brand', split: 'train' }));
    const caches = cachesIn(newRoot());
    const tasks = [task(a), task(other, 'brand')];
    const built = await buildCaches({ caches, tasks, context: testContext() });
    // Of the first: train, train, test; the test photo is one that the second task trains on.
    expect(built.map(({ summary }) => summary.records)).toEqual([4, 4, 4]);
    const view = openCache(caches[1]!.path);
    expect(view.samples('color', 'h')).toHaveLength(2);
    expect(view.samples('brand', 'h')).toHaveLength(3);
    await view.close();
  });
});

describe('the step', () => {
  it('fills views beside other sizes, lists them, and is done once', async () => {
    const context = testContext();
    const run = await openRunFolder(join(folder.path, 'run'), context.events);
    const step = () =>
      cacheStep({ run, context, recipe, tasks: [task(samples)], root: run.path, sizes: [16] });
    try {
      const first = await step();
      expect(first.summaries.map(({ height, view, records }) => [height, view, records])).toEqual([
        [SIDE, undefined, 40],
        [SIDE, 1, 24],
        [SIDE, 2, 24],
        [16, undefined, 40],
      ]);
      expect(first.views.map(({ identity }) => identity.view!.number)).toEqual([1, 2]);
      expect(await step()).toEqual(first);
      expect(first.usable[0]!.samples).toHaveLength(40);
      const { stdout } = await pipeline(['inspect', first.views[1]!.path]);
      expect(stdout).toContain('24 views, 24 × 24 × 3 uint8');
      expect(stdout).toContain('view 2 of each photo, seed 5, affine-1: {"brightness":[-0.2,0.2]');
    } finally {
      run.close();
    }
  });

  it('leaves out a training photo whose views cannot be made any more', async () => {
    const root = newRoot();
    const context = testContext({ maxBad: 1 });
    const own = await Promise.all(
      samples.slice(0, 4).map(async (sample) => {
        const file = join(folder.path, `own-${sample.imageId}.jpg`);
        await writeFile(file, await jpeg(Number(sample.component), { width: 30 }));
        const bytes = await jpeg(Number(sample.component), { width: 30 });
        return { ...sample, file, sha256: createHash('sha256').update(bytes).digest('hex') };
      }),
    );
    const run = await openRunFolder(join(folder.path, root), context.events);
    const none = parseRecipe(RECIPE.replace('augmentedCopies: 2', 'augmentedCopies: 0'));
    try {
      const common = { run, context, tasks: [task(own)], root: run.path };
      const before = await cacheStep({ ...common, recipe: none });
      expect(before.usable[0]!.samples).toHaveLength(4);
      for (const { file } of own) await writeFile(file, 'no photo any more');
      const { usable } = await cacheStep({ ...common, recipe });
      // Only what is not trained on needs no view.
      expect(usable[0]!.samples.map(({ split }) => split)).toEqual(['test']);
      expect(usable[0]!.digest).not.toBe('h');
    } finally {
      run.close();
    }
  });
});

describe('the identity', () => {
  const views = (text: string) => recipeViews(parseRecipe(text)).map(identityHash);

  it('is that of the photos with all that a view is drawn by', () => {
    const own = views(RECIPE);
    expect(new Set([...own, identityHash(recipePixels(recipe))]).size).toBe(3);
    for (const other of [
      RECIPE.replace('seed: 5', 'seed: 6'),
      RECIPE.replace('rotation: 0.1', 'rotation: 0.2'),
      RECIPE.replace(`size: ${SIDE}`, 'size: 32'),
      RECIPE.replace('augmentedCopies', 'fit: cover, augmentedCopies'),
    ]) {
      expect(views(other).some((hash) => own.includes(hash))).toBe(false);
    }
  });

  it('does not change with what is mixed in batches, nor the photos’ with their views', () => {
    expect(views(RECIPE.replace(', mixup: 0.2', ''))).toEqual(views(RECIPE));
    const without = parseRecipe(RECIPE.replace(', augmentedCopies: 2', ''));
    expect(recipePixels(recipe)).toEqual(recipePixels(without));
  });
});
