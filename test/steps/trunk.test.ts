import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Summary, TaskSummary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

const RECIPE = `
name: two
tasks:
  product_type: { minPerClass: 8, cap: 12 }
  color: { normalise: { kind: color }, minPerClass: 8, cap: 20, model: { head: { units: [8] } } }
cache: { size: 16 }
model:
  network: small-cnn
  batchSize: 16
  phases: [{ train: all, epochs: 3, learningRate: 0.003 }]
`;

it('tasks that share a trunk are trained once, scored each, and compared with a model a task', async () => {
  const folder = await temporaryFolder('trunk');
  try {
    const dump = join(folder.path, 'dump');
    const { signal } = new AbortController();
    await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
    const recipe = join(folder.path, 'two.yaml');
    await writeFile(recipe, RECIPE);
    const at = (name: string) => join(folder.path, name);
    const run = async (name: string, ...more: string[]) => {
      const common = ['--source', dump, '--backend', 'wasm', '--cache', at('cache'), '--out', at(name)];
      const { code, stdout, stderr } = await pipeline(['run', '--recipe', recipe, ...common, ...more]);
      expect(code, stderr).toBe(0);
      const summary = JSON.parse(await readFile(join(at(name), 'summary.json'), 'utf8')) as Summary;
      return { summary, stdout, stderr };
    };
    const each = await run('each');
    const shared = await run('shared', '--set', 'model.trunk=shared');
    expect(shared.stdout).toMatch(/^one model: .* photos through the base$/m);
    const [ofEach, ofShared] = [each, shared].map(({ summary }) => summary.cost!);
    expect([ofEach!.models, ofShared!.models]).toEqual([2, 1]);
    expect(ofShared!.parameters).toBeLessThan(ofEach!.parameters);
    expect(ofShared!.basePasses).toBeLessThan(ofEach!.basePasses);

    const model = 'product_type+color';
    const bytes = await readFile(join(at('shared'), 'model', model, 'weights.bin'));
    expect(ofShared!.modelBytes).toBe(bytes.length);
    for (const [task, told] of Object.entries(shared.summary.tasks)) {
      const alone = each.summary.tasks[task] as TaskSummary;
      // The same photos on the same sides.
      expect(told.splits).toEqual(alone.splits);
      const lines = await readFile(join(at('shared'), `predictions-${task}.jsonl`), 'utf8');
      expect(lines.trim().split('\n')).toHaveLength(told.splits.test);
      expect(existsSync(join(at('shared'), 'history', model, task, 'history.csv'))).toBe(true);
    }

    const compared = await pipeline(['compare', at('each'), at('shared')]);
    expect(compared.stdout).toContain('model.trunk: (none) → "shared"');
    expect(compared.stdout).toMatch(/cost of all tasks\n.*models.*\n +1 +2 .*\n +2 +1 /);

    const again = await run('shared', '--set', 'model.trunk=shared');
    expect(again.stderr).toContain(`train-${model}: kept`);
    expect(again.summary.cost).toEqual(shared.summary.cost);
    const cleaned = await pipeline(['clean', at('shared')]);
    expect(cleaned.code, cleaned.stderr).toBe(0);
    expect(existsSync(join(at('shared'), 'history', model, 'color'))).toBe(true);

    const exporting = ['export', at('shared'), '--format', 'onnx', '--out', at('onnx')];
    const unnamed = await pipeline(exporting);
    expect(unnamed.stderr).toContain('Choose: --task product_type, --task color');
    const exported = await pipeline([...exporting, '--task', 'color']);
    expect(exported.code, exported.stderr).toBe(0);
    expect(exported.stdout).toContain('classes of color, with its figures');

    const verified = await pipeline(['verify', at('shared')]);
    expect(verified.code, verified.stdout).toBe(0);

    // Only one of them.
    const one = await run('one', '--task', 'color');
    expect(Object.keys(one.summary.tasks)).toEqual(['color']);
  } finally {
    await folder.dispose();
  }
}, 240_000);
