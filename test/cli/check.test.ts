import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PartialSummary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { absent, SHARED } from '../shared.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WEIGHTS = join(SHARED, 'mobilenet_v1_0.75_224');

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
beforeAll(async () => {
  folder = await temporaryFolder('check');
  dump = join(folder.path, 'dump');
  const { signal } = new AbortController();
  await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
});
afterAll(() => folder.dispose());

const check = (recipe: string, ...more: string[]) => {
  const sets = ['tasks.product_type.minPerClass=8', 'tasks.product_type.cap=12', 'cache.size=32'];
  return pipeline([
    ...['train', '--check', '--recipe', join(ROOT, 'recipes', `${recipe}.yaml`), '--source', dump],
    ...['--out', join(folder.path, recipe), '--backend', 'wasm', '-q'],
    ...sets.flatMap((set) => ['--set', set]),
    ...more,
  ]);
};

/** A minute or so on a quiet machine. */
const PATIENCE = 240_000;

describe('train --check', { timeout: PATIENCE }, () => {
  it('passes the demo, trains nothing, and leaves what the folder says of an earlier run', async () => {
    const files = ['summary.json', 'recipe.json'].map((name) => join(folder.path, 'demo', name));
    await mkdir(join(folder.path, 'demo'));
    for (const file of files) await writeFile(file, '{}\n');
    const { code, stdout, stderr } = await check('demo', '--json');
    expect(code, stderr).toBe(0);
    const { checks, tasks } = JSON.parse(stdout) as PartialSummary;
    expect(checks).toMatchObject([{ task: 'product_type', backend: { name: 'wasm' } }]);
    expect(new Set(checks![0]!.checks.map((one) => one.check))).toEqual(
      new Set(['unfrozen', 'preprocessing', 'first-loss', 'overfit', 'gradients', 'learning-rate']),
    );
    expect(tasks['product_type']).not.toHaveProperty('accuracy');
    for (const file of files) expect(await readFile(file, 'utf8')).toBe('{}\n');
  });

  it.skipIf(absent(WEIGHTS)).each(['v3', 'v5'])(
    'flags the faults of the post’s %s with status 1',
    async (name) => {
      const faults = ['model.network=mobilenet', 'cache.size=32'].flatMap((set) => ['--set', set]);
      const { code, stdout, stderr } = await check(`${name}-faithful`, '--weights', WEIGHTS, ...faults);
      expect(code).toBe(1);
      expect(stderr).toContain('CHECK_FAILED');
      expect(stdout).toMatch(
        /FLAG +preprocessing fits the weights: scale, but mobilenet was trained with tf/,
      );
      expect(stdout).toMatch(
        /FLAG +learning rates are in range \(phase 1\): "all" trains the base at a head’s/,
      );
    },
  );

  it('flags a phase that unfreezes nothing', async () => {
    const faithful = ['--set', 'cache.size=32', '--set', 'model.batchSize=8', '--set', 'augmentation={}'];
    const { code, stdout } = await check('v2-faithful', '--weights', 'none', ...faithful);
    expect(code).toBe(1);
    expect(stdout).toContain('"last 20" of vgg16 unfreezes nothing that has weights');
    expect(stdout).toMatch(/FLAG +preprocessing fits the weights: .*scale, but vgg16 was trained with caffe/);
  });
});
