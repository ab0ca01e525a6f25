import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createContext } from '#src/context.js';
import { onlyTasks, parseRecipe } from '#src/recipe-file.js';
import type { SampleRecord } from '#src/records.js';
import { aboSource } from '#src/sources/abo.js';
import { runPipeline, type Until } from '#src/steps/pipeline.js';
import { writeSamples } from '#src/steps/samples.js';
import { synthesize } from '#src/synth/dump.js';
import { jsonLines } from '../fixtures.js';

const RECIPE = `
name: audited
tasks:
  product_type: { minPerClass: 8, cap: 20 }
  color: { minPerClass: 8 }
cache: { size: 16 }
model: { network: small-cnn, batchSize: 32, phases: [{ train: all, epochs: 1 }] }
`;

/** A small synthetic dump and a run of two tasks on it. */
export async function makeRun(
  folder: string,
  { until = 'cache', more = '' }: { until?: Until; more?: string } = {},
): Promise<{ dump: string; run: string }> {
  const dump = join(folder, 'dump');
  const run = join(folder, 'run');
  const signal = new AbortController().signal;
  await synthesize({ out: dump, listings: 250, seed: 3, workers: 2, signal });
  await runOn(dump, run, { until, more });
  return { dump, run };
}

export async function runOn(
  dump: string,
  out: string,
  {
    until = 'cache' as Until,
    more = '',
    given = new Map<string, string>(),
    tasks = ['product_type', 'color'],
    sizes = [] as number[],
  } = {},
) {
  const recipe = onlyTasks(parseRecipe(`${RECIPE}${more}`), tasks);
  return runPipeline({
    recipe,
    source: await aboSource({ dir: dump }),
    given,
    weights: new Map(),
    out,
    sizes,
    backend: 'wasm',
    until,
    context: createContext({ workers: 2 }, { seed: recipe.seed }),
  });
}

/** A copy of a run folder that a test may spoil. */
export async function copyOf(run: string, name: string): Promise<string> {
  const copy = `${run}-${name}`;
  await cp(run, copy, { recursive: true });
  return copy;
}

export async function samplesOf(run: string, task: string): Promise<SampleRecord[]> {
  return jsonLines(await readFile(join(run, `samples-${task}.jsonl`), 'utf8'));
}

/** Writes a task's samples again, in both formats, with some of them changed. */
export async function changeSamples(
  run: string,
  task: string,
  changes: ReadonlyMap<string, Partial<SampleRecord>>,
): Promise<void> {
  const samples = (await samplesOf(run, task)).map((sample) => ({
    ...sample,
    ...changes.get(sample.imageId),
  }));
  await writeSamples(
    run,
    task,
    samples.map((sample) => ({ ...sample, file: '' })),
  );
}

export async function changeJson<T>(file: string, change: (value: T) => T): Promise<void> {
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')) as T)));
}
