import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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
