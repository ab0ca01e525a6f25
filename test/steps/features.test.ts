import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { ComputedFeatures } from '#src/models/features.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import type { Summary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

const WEIGHTS = join(process.env['ABO_SHARED'] ?? '../shared', 'mobilenet_v1_0.75_224');
const absent = !existsSync(join(WEIGHTS, 'model.json'));
if (absent) console.warn(`SKIPPED: ${WEIGHTS} has no pretrained weights (ABO_SHARED)`);

const HEAD = 'network: mobilenet, batchSize: 16, head: { units: [] }';
const PHASE = 'epochs: 1, optimizer: sgd, learningRate: 0.001';
const RECIPE = `
name: two
tasks:
  product_type: { minPerClass: 8, cap: 12 }
  color: { minPerClass: 8, cap: 12, model: { ${HEAD}, phases: [ { train: { last: 2 }, ${PHASE} } ] } }
cache: { size: 32 }
model: { ${HEAD}, phases: [ { train: head, ${PHASE} } ] }
`;

it.skipIf(absent)(
  'a task that trains more than its head sees pixels, beside one that sees features',
  async () => {
    const folder = await temporaryFolder('features-step');
    try {
      const dump = join(folder.path, 'dump');
      await synthesize({
        out: dump,
        listings: 250,
        seed: 3,
        workers: 2,
        signal: new AbortController().signal,
      });
      const recipe = join(folder.path, 'two.yaml');
      await writeFile(recipe, RECIPE);
      const out = join(folder.path, 'run');
      const common = ['--source', dump, '--weights', WEIGHTS, '--backend', 'wasm', '--out', out];
      const { code, stderr } = await pipeline(['train', '--recipe', recipe, ...common]);
      expect(stderr).not.toContain('NOT_FOUND');
      expect(code).toBe(0);
      const { steps } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as {
        steps: Record<string, { result: { result: { records?: number; train?: { classes: string[] } } } }>;
      };
      const result = (name: string) => steps[name]!.result.result;
      // The first task's photos alone: 12 of each class.
      expect(result('features-mobilenet').records).toBe(
        12 * result('train-product_type').train!.classes.length,
      );
    } finally {
      await folder.dispose();
    }
  },
);

it.skipIf(absent)(
  'a head is trained on features of stored views, and measured on those of the photos',
  async () => {
    const folder = await temporaryFolder('features-views');
    try {
      const dump = join(folder.path, 'dump');
      const { signal } = new AbortController();
      await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
      const recipe = join(folder.path, 'views.yaml');
      const text = RECIPE.replace(/^ {2}color.*\n/m, '')
        .replace('size: 32', 'size: 32, augmentedCopies: 2')
        .replace('epochs: 1', 'epochs: 3');
      await writeFile(recipe, `${text}augmentation: { flip: horizontal, rotation: 0.1 }\n`);
      const out = join(folder.path, 'run');
      const common = ['--source', dump, '--weights', WEIGHTS, '--backend', 'wasm', '--out', out];
      const run = await pipeline(['run', '--recipe', recipe, ...common, '--json']);
      expect(run.code, run.stderr).toBe(0);
      const { caches, tasks } = JSON.parse(run.stdout) as Summary;
      const { train, validation, test } = tasks['product_type']!.splits;
      expect(train).toBeGreaterThan(0);
      expect(caches.map(({ records, view }) => [records, view])).toEqual([
        [train + validation + test, undefined],
        [train, 1],
        [train, 2],
      ]);
      const manifest = await readFile(join(out, 'manifest.json'), 'utf8');
      const { steps } = JSON.parse(manifest) as {
        steps: Record<string, { outputs: string[]; result: { result: ComputedFeatures } }>;
      };
      const features = steps['features-mobilenet']!;
      // Of so few training photos all are measured.
      expect(features.result.result.computed).toBe(3 * train + validation + test);
      const found = await Promise.all(
        features.outputs
          .filter((output) => output.endsWith('data.mdb'))
          .map(async (output) => {
            const cache = openCache(join(out, dirname(output)));
            const { identity, length } = cache;
            await cache.close();
            return [identity.kind === 'vectors' && identity.view, length];
          }),
      );
      expect(found).toEqual([
        [0, train + validation + test],
        [1, train],
        [2, train],
      ]);
      expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('training photos, augmented view 2');
      // Done once: a second run has nothing to do.
      const again = await pipeline(['run', '--recipe', recipe, ...common, '--json']);
      expect(JSON.parse(again.stdout)).toEqual(JSON.parse(run.stdout));
      expect(await readFile(join(out, 'manifest.json'), 'utf8')).toBe(manifest);
    } finally {
      await folder.dispose();
    }
  },
);

it.skipIf(absent)('a head that is trained before its base reads features until then', async () => {
  const folder = await temporaryFolder('features-head');
  try {
    const dump = join(folder.path, 'dump');
    const { signal } = new AbortController();
    await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
    const recipe = join(folder.path, 'head-first.yaml');
    const later = `phases: [ { train: head, ${PHASE} }, { train: { last: 2 }, ${PHASE} } ]`;
    const text = RECIPE.replace(/^ {2}color.*\n/m, '').replace(/phases: .* \] \}$/m, `${later} }`);
    await writeFile(recipe, text);
    const out = join(folder.path, 'run');
    const common = ['--source', dump, '--weights', WEIGHTS, '--backend', 'wasm', '--out', out];
    const run = await pipeline(['run', '--recipe', recipe, ...common, '--json']);
    expect(run.code, run.stderr).toBe(0);
    const { tasks } = JSON.parse(run.stdout) as Summary;
    expect(tasks['product_type']).toMatchObject({ epochs: 2, featuresBackend: 'wasm' });
    const { steps } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as {
      steps: Record<string, { result: { result: ComputedFeatures } }>;
    };
    const { train, validation, test } = tasks['product_type']!.splits;
    expect(steps['features-mobilenet']!.result.result.computed).toBe(train + validation + test);
  } finally {
    await folder.dispose();
  }
});

it.skipIf(absent)(
  'what went through a base is counted for the run, whatever else its cache holds',
  async () => {
    const folder = await temporaryFolder('features-passes');
    try {
      const dump = join(folder.path, 'dump');
      const { signal } = new AbortController();
      await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
      const recipe = join(folder.path, 'passes.yaml');
      await writeFile(recipe, RECIPE.replace(/^ {2}color.*\n/m, ''));
      const train = async (name: string, ...sets: string[]) => {
        const places = ['--cache', join(folder.path, 'cache'), '--out', join(folder.path, name)];
        const common = ['--source', dump, '--weights', WEIGHTS, '--backend', 'wasm', ...places];
        const more = sets.flatMap((set) => ['--set', set]);
        const { code, stdout, stderr } = await pipeline([
          ...['train', '--recipe', recipe, '--json'],
          ...common,
          ...more,
        ]);
        expect(code, stderr).toBe(0);
        const { cost, tasks } = JSON.parse(stdout) as Summary;
        return { passes: cost!.basePasses, samples: tasks['product_type']!.samples };
      };
      const all = await train('all');
      expect(all.passes).toBe(all.samples);
      // All that it reads is there, among others.
      const fewer = await train('fewer', 'tasks.product_type.cap=8');
      expect(fewer.samples).toBeLessThan(all.samples);
      expect(fewer.passes).toBe(fewer.samples);
      // Of each photo and of its mirror image.
      const mirrored = await train('mirrored', 'model.mirror=true');
      expect(mirrored.passes).toBe(2 * mirrored.samples);
    } finally {
      await folder.dispose();
    }
  },
);
