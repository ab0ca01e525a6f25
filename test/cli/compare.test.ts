import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ComparedRuns } from '#src/compare/runs.js';
import { makeRun, runOn } from '../audit/run.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let run: string;
const at = (name: string) => join(folder.path, name);
beforeAll(async () => {
  folder = await temporaryFolder('compare');
  const made = await makeRun(folder.path, { until: 'evaluate' });
  run = made.run;
  await runOn(made.dump, at('seed'), { until: 'evaluate', more: 'seed: 5' });
  await runOn(made.dump, at('two'), { until: 'evaluate', more: 'seed: 5\nconflicts: first' });
  await runOn(made.dump, at('curated'), { until: 'curate' });
}, 120_000);
afterAll(() => folder.dispose());

it('sets runs beside the first, pairs them photo by photo, and warns where several factors differ', async () => {
  const { code, stdout } = await pipeline(['compare', run, at('seed'), at('two'), at('curated'), '--json']);
  expect(code).toBe(0);
  const { runs, tasks } = JSON.parse(stdout) as ComparedRuns;
  expect(runs.map(({ differences }) => differences.map(({ path }) => path))).toEqual([
    [],
    ['seed'],
    ['conflicts', 'seed'],
    [],
  ]);
  expect(runs[1]!.warnings).toEqual([]);
  expect(runs[2]!.warnings).toEqual([expect.stringContaining('2 factors differ')]);
  // One that was not evaluated has no figures, and says so.
  expect(runs[3]!.warnings).toContainEqual(
    expect.stringContaining('no evaluation of product_type, color: `run` with its recipe'),
  );
  expect(tasks['product_type']!.map((one) => one.run)).toEqual([run, at('seed'), at('two')]);
  const [first, second] = tasks['product_type']!;
  expect(first).not.toHaveProperty('comparison');
  const { comparison } = second!;
  if (comparison === undefined || 'notComparable' in comparison) throw new Error('Expected a comparison');
  expect(comparison.photos).toBeGreaterThan(0);
  expect(comparison.photos).toBeLessThanOrEqual(first!.photos);
  const { difference, interval, accuracies } = comparison;
  expect(difference).toBeCloseTo(accuracies[1] - accuracies[0], 12);
  expect(interval[0]).toBeLessThanOrEqual(difference);
});

it('says it in words, the same run being no different from itself', async () => {
  const { stdout } = await pipeline(['compare', run, run]);
  expect(stdout).toContain('! Nothing differs: the same recipe, dump, backend, weights, samples and sides.');
  expect(stdout).toMatch(
    /beside the first, on the \d+ photos that both scored: .*, 0\.0 points \(95 %: 0\.0 to 0\.0\)/,
  );
});

it('tells samples that were given with other sides', async () => {
  const samples = await readFile(join(run, 'samples-product_type.jsonl'), 'utf8');
  const swapped: Record<string, string> = { train: 'train', validation: 'test', test: 'validation' };
  const file = at('swapped.jsonl');
  await writeFile(
    file,
    samples.replaceAll(/"split":"(\w+)"/g, (_, side: string) => `"split":"${swapped[side]}"`),
  );
  const given = new Map([['product_type', file]]);
  await runOn(join(folder.path, 'dump'), at('given'), { until: 'evaluate', given });
  const { stdout } = await pipeline(['compare', run, at('given'), '--json']);
  const { runs } = JSON.parse(stdout) as ComparedRuns;
  expect(runs[1]!.warnings).toEqual([expect.stringContaining('Other samples or sides of product_type')]);
});

it('says which task a run does not have', async () => {
  await runOn(join(folder.path, 'dump'), at('fewer'), { until: 'curate', tasks: ['color'] });
  const { stdout } = await pipeline(['compare', run, at('fewer')]);
  expect(stdout).toContain('     ! It has no task product_type.');
});

it('refuses one run alone, and a run without its recipe', async () => {
  const alone = await pipeline(['compare', run]);
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('at least two runs')]);
  await rm(join(at('two'), 'recipe.json'));
  const old = await pipeline(['compare', run, at('two')]);
  expect([old.code, old.stderr]).toEqual([1, expect.stringContaining('run the same command again')]);
});
