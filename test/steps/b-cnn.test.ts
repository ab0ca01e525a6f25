import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import type { ModelMetadata } from '#src/models/model-folder.js';
import type { Summary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { sectionOf, tableOf } from '../sinks/report/markup.js';

const WEIGHTS = join(process.env['ABO_SHARED'] ?? '../shared', 'mobilenet_v1_0.75_224');
const absent = !existsSync(join(WEIGHTS, 'model.json'));
if (absent) console.warn(`SKIPPED: ${WEIGHTS} has no pretrained weights (ABO_SHARED)`);

const RECIPE = `
name: small-b-cnn
tasks:
  product_type: { minPerClass: 8, cap: 12, tree: ${resolve('recipes/trees/product_type.yaml')} }
cache: { size: 32 }
model:
  network: mobilenet
  head: { units: [16] }
  batchSize: 16
  branches: { coarse: { after: conv_pw_5_relu }, middle: { after: conv_pw_11_relu, units: [] } }
  lossWeights: [{ epochs: 1, weights: [0.9, 0.05, 0.05] }, { epochs: 1, weights: [0, 0, 1] }]
  phases: [{ train: head, epochs: 3, learningRate: 0.003 }]
`;

it.skipIf(absent)(
  'a B-CNN is trained on features of several layers and scored in its tree, from given samples too',
  async () => {
    const folder = await temporaryFolder('b-cnn');
    try {
      const dump = join(folder.path, 'dump');
      const { signal } = new AbortController();
      await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
      const recipe = join(folder.path, 'b-cnn.yaml');
      await writeFile(recipe, RECIPE);
      const run = async (name: string, ...more: string[]) => {
        const out = join(folder.path, name);
        const common = ['--source', dump, '--weights', WEIGHTS, '--backend', 'wasm', '--out', out];
        const { code, stderr } = await pipeline(['run', '--recipe', recipe, ...common, ...more]);
        expect(code, stderr).toBe(0);
        const summary = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as Summary;
        return { out, result: summary.tasks['product_type']! };
      };
      const { out, result } = await run('run');
      const { steps } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as {
        steps: Record<string, unknown>;
      };
      expect(Object.keys(steps)).toContain(
        'features-mobilenet-conv_pw_5_relu-conv_pw_11_relu-conv_pw_13_relu',
      );
      const metadata = JSON.parse(
        await readFile(join(out, 'model/product_type/metadata.json'), 'utf8'),
      ) as ModelMetadata;
      expect(metadata.branches).toEqual(['coarse', 'middle']);
      const [coarse] = metadata.levels!;
      expect(coarse!.classes[coarse!.of[metadata.classes.indexOf('CHAIR')]!]).toBe('FURNITURE');
      const { accuracy, inTree } = result;
      expect(inTree).toMatchObject({ levels: 3, accuracy });
      expect(inTree!.levelAccuracy.coarse).toBeGreaterThanOrEqual(inTree!.levelAccuracy.middle!);
      expect(inTree!.levelAccuracy.middle).toBeGreaterThanOrEqual(accuracy);
      const missed = 3 - accuracy - inTree!.levelAccuracy.middle! - inTree!.levelAccuracy.coarse!;
      expect(inTree!.distance).toBeCloseTo(missed, 12);
      const page = await readFile(join(out, 'report.html'), 'utf8');
      const rows = tableOf(
        sectionOf(page, 'task-1-in-tree'),
        'Accuracy a level, and mean distance to the true class',
      );
      expect(rows).toHaveLength(3);

      // Rows that tell no more than a label.
      const lines = (await readFile(join(out, 'samples-product_type.jsonl'), 'utf8')).trim().split('\n');
      const bare = lines.map((line) => {
        const { path, label, split, component } = JSON.parse(line) as Record<string, string>;
        return JSON.stringify({ path, label, split, component });
      });
      const file = join(folder.path, 'samples.jsonl');
      await writeFile(file, `${bare.join('\n')}\n`);
      const given = await run('given', '--samples', file);
      expect(given.result.inTree).toEqual(inTree);
    } finally {
      await folder.dispose();
    }
  },
  240_000,
);
