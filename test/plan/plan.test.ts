import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { networks } from '#src/models/networks/index.js';
import type { Counts, TaskCounts } from '#src/plan/counts.js';
import { networkCost } from '#src/plan/network-cost.js';
import { type Plan, planOf } from '#src/plan/plan.js';
import { uniform } from '#src/random.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { Sample, Side } from '#src/records.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

const HEAD = { units: [], dropout: 0, labelSmoothing: 0 };

describe('networkCost', () => {
  let backend: StartedBackend;
  beforeAll(async () => {
    backend = await startBackend('cpu');
  });
  afterAll(() => backend.stop());

  // Published with the classifier of 1,000 classes: Simonyan & Zisserman 15.5 G, He et al. 3.8 G to 4.1 G by where a block
  // strides, Szegedy et al. 5.7 G, Howard et al. 569 M and 325 M.
  it.each([
    ['vgg16', 224, 1, 15.35e9],
    ['resnet50', 224, 1, 3.86e9],
    ['inception_v3', 299, 1, 5.71e9],
    ['mobilenet', 224, 1, 0.568e9],
    ['mobilenet', 224, 0.75, 0.325e9],
  ] as const)('counts the multiply-adds of %s at %i pixels, alpha %d', (name, size, alpha, published) => {
    const network = networks[name];
    const model = parseRecipe(
      `name: a\ntasks: { a: {} }\nmodel: { network: ${name}, phases: [{ train: head, epochs: 1 }] }`,
    ).model;
    const { whole } = networkCost(backend.tf, { network, model, size, classes: 2, alpha, kernelRows: 0 });
    expect(whole.macs / published).toBeGreaterThan(0.98);
    expect(whole.macs / published).toBeLessThan(1.02);
  });

  it('counts of a phase what it trains', () => {
    const network = networks['small-cnn'];
    const model = { ...parseRecipe(RECIPE).model, head: HEAD };
    const options = { network, model, size: 16, classes: 3, alpha: 1, kernelRows: 0 };
    const { whole, phase } = networkCost(backend.tf, options);
    const head = phase({ train: 'head', epochs: 1, optimizer: 'adam', learningRate: 1 });
    // 128 features and a bias, of each class.
    expect(head.trained).toBe(129 * 3);
    expect(head.macs).toBe(128 * 3);
    const all = phase({ train: 'all', epochs: 1, optimizer: 'adam', learningRate: 1 });
    expect(all.trained).toBe(whole.parameters);
    expect(all.macs).toBe(whole.macs);
  });
});

const RECIPE = `
name: a
tasks: { product_type: {} }
cache: { size: 64 }
model:
  network: small-cnn
  batchSize: 16
  phases: [{ train: head, epochs: 3 }, { train: all, epochs: 2 }]
`;
const COUNTS: Counts = {
  photos: 500,
  listings: 400,
  warnings: [],
  tasks: new Map([
    [
      'product_type',
      {
        classes: 3,
        samples: 400,
        splits: { train: 300, validation: 40, test: 60 },
        levels: [
          { level: 'coarse', classes: ['A', 'B'], of: [0, 0, 1] },
          { level: 'middle', classes: ['A', 'B', 'C'], of: [0, 1, 2] },
        ],
        basis: 'run',
      },
    ],
  ]),
};
const plan = (overrides: readonly string[] = []) =>
  planOf({ recipe: parseRecipe(RECIPE, overrides), counts: COUNTS, backend: 'wasm', alpha: 1 });

describe('planOf', () => {
  it('counts steps and passes', async () => {
    const { tasks } = await plan();
    const [{ featurePasses, phases }] = tasks as [(typeof tasks)[0]];
    // Each photo once, then the head on what was stored.
    expect(featurePasses).toBe(400);
    expect(phases).toMatchObject([
      { name: 'head', epochs: 3, steps: 19, forward: 0, backward: 0, features: true },
      // 250 of the train side are measured beside the validation side; the test side once.
      {
        name: 'all',
        epochs: 2,
        patient: false,
        steps: 19,
        forward: 2 * (300 + 250 + 40) + 60,
        backward: 600,
        features: false,
      },
    ]);
  });

  it('computes a head anew where views are, once a view where these are stored', async () => {
    const afresh = await plan(['augmentation={flip: horizontal}']);
    expect(afresh.tasks[0]!.featurePasses).toBe(0);
    expect(afresh.tasks[0]!.phases[0]!.forward).toBe(3 * (300 + 250 + 40));
    const stored = await plan(['augmentation={flip: horizontal}', 'cache.augmentedCopies=2']);
    expect(stored.tasks[0]!.featurePasses).toBe(2 * 300 + 250 + 40 + 60);
    expect(stored.cacheBytes / afresh.cacheBytes).toBeCloseTo(1000 / 400, 5);
  });

  it('counts the gallery, unless the recipe wants none', async () => {
    const written = await plan();
    const none = await plan(['gallery=false']);
    expect(none.galleryBytes).toBe(0);
    expect(written.galleryBytes).toBeGreaterThan(400 * written.tasks[0]!.cost.features);
    expect(written.diskBytes - none.diskBytes).toBe(written.galleryBytes);
    // The base was trained: it looks at all photos once more.
    expect([none.galleryPasses, written.galleryPasses]).toEqual([0, 400]);
    const frozen = await plan(['model.phases=[{train: head, epochs: 3}]']);
    expect([frozen.galleryBytes > 0, frozen.galleryPasses]).toEqual([true, 0]);
  });

  it('counts photos that tasks share once where it knows which they are, and says so where not', async () => {
    const photo = (number: number, split: Side) =>
      ({ path: `${number}`, sha256: `${number}`, split }) as Sample;
    const photos = Array.from({ length: 10 }, (_, number) => photo(number, number < 6 ? 'train' : 'test'));
    const own = { classes: 2, samples: 10, splits: { train: 6, validation: 0, test: 4 }, levels: [] };
    const more = { ...own, samples: 12, splits: { ...own.splits, test: 6 } };
    const others = [...photos, photo(10, 'test'), photo(11, 'test')];
    const of = (known: boolean) =>
      planOf({
        recipe: parseRecipe(RECIPE.replace('product_type: {}', 'a: {}, b: {}')),
        counts: {
          ...COUNTS,
          tasks: new Map<string, TaskCounts>([
            ['a', { ...own, basis: 'run', ...(known && { photos }) }],
            ['b', { ...more, basis: 'run', ...(known && { photos: others }) }],
          ]),
        },
        backend: 'wasm',
        alpha: 1,
      });
    const [exact, most] = [await of(true), await of(false)];
    expect([exact.cachePhotos, exact.atMost]).toEqual([12, false]);
    expect(exact.tasks.map(({ featurePasses }) => featurePasses)).toEqual([10, 2]);
    expect([most.cachePhotos, most.atMost]).toEqual([22, true]);
    expect(most.tasks.map(({ featurePasses }) => featurePasses)).toEqual([10, 12]);
  });

  it('counts the heads of branches, and the features that they read', async () => {
    const mobilenet = ['model.network=mobilenet', 'model.phases=[{ train: head, epochs: 1 }]'];
    const [flat] = (await plan(mobilenet)).tasks;
    const branches = 'coarse: { after: conv_pw_5_relu }, middle: { after: conv_pw_11_relu, units: [8] }';
    const [bCnn] = (await plan([...mobilenet, `model.branches={ ${branches} }`])).tasks;
    const heads = 257 * 2 + 513 * 8 + 9 * 3;
    expect(bCnn!.cost.parameters - flat!.cost.parameters).toBe(heads);
    expect(bCnn!.phases[0]!.trained - flat!.phases[0]!.trained).toBe(heads);
    expect([flat!.cost.features, bCnn!.cost.features]).toEqual([1024, 256 + 512 + 1024]);
  });

  it('gives no time for a kernel head of more rows than a run takes', async () => {
    const kernel = ['model.network=mobilenet', 'model.head.kernel={ gamma: 2, ridge: 0.1 }'];
    const of = (...sets: string[]) => plan([...kernel, 'model.phases=[{ train: head, epochs: 1 }]', ...sets]);
    const small = await of();
    expect(small.seconds).toBeGreaterThan(0);
    expect(small.tasks[0]).not.toHaveProperty('refused');
    const large = await of(
      'augmentation={flip: horizontal}',
      'cache.augmentedCopies=34',
      'model.mirror=false',
    );
    expect(large.tasks[0]!.refused).toContain('at most 10,000 rows of training, and these are 10,200');
    for (const key of ['seconds', 'memoryBytes']) {
      expect(large).not.toHaveProperty(key);
      expect(large.tasks[0]!.phases[0]).not.toHaveProperty(key);
    }
    expect(large.tasks[0]).not.toHaveProperty('featureSeconds');
  });

  it('says how large a cache is, to a fifth', async () => {
    const folder = await temporaryFolder('plan-cache');
    try {
      const path = join(folder.path, 'cache');
      const writer = await writeCache(
        path,
        pixelIdentity({ height: 64, width: 64, fit: 'stretch', decoder: 'turbo' }),
      );
      for (let photo = 0; photo < 400; photo++) {
        const bytes = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) =>
          Math.floor(256 * uniform(photo, at)),
        );
        await writer.put(photo.toString(16).padStart(64, '0'), bytes);
      }
      await writer.close();
      const { size } = await stat(join(path, 'data.mdb'));
      const { cacheBytes } = await plan();
      expect(cacheBytes / size).toBeGreaterThan(0.8);
      expect(cacheBytes / size).toBeLessThan(1.2);
    } finally {
      await folder.dispose();
    }
  });
});

it('pipeline plan says what V2 comes to', async () => {
  const { code, stdout, stderr } = await pipeline(['plan', 'recipes/v2.yaml', '--backend', 'tensorflow']);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('34 classes, 290,575 photos, after the cap 64,992: train 48,744');
  expect(stdout).toContain('from block5_conv1: at most 20 epochs of 1,524 steps');
  const json = await pipeline(['plan', 'recipes/v2.yaml', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ recipe: 'v2', backend: 'wasm' });
});

it('pipeline plan plans some of a recipe’s tasks', async () => {
  const three = ['plan', 'recipes/three-tasks.yaml', '--json', '--task'];
  const { code, stdout, stderr } = await pipeline([...three, 'product_type']);
  expect(code, stderr).toBe(0);
  expect((JSON.parse(stdout) as Plan).tasks.map(({ task }) => task)).toEqual(['product_type']);
  const unknown = await pipeline([...three, 'shape']);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('"shape"')]);
});

it('pipeline plan says that a run would refuse what is too large for a kernel head', async () => {
  const { code, stdout, stderr } = await pipeline(['plan', 'recipes/recommended.yaml']);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/phase 1 .*; a run would refuse it: a kernel head has at most 10,000 rows/);
  expect(stdout).toMatch(/^ {2}in all +a run would refuse it$/m);
});
