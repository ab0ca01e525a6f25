// Runs of the pipeline for experiments: each is a recipe with overrides on one of the given splits. What a run gave is kept in
// ABO_EXPERIMENTS, a folder, so that an experiment that was stopped goes on; without it, until the bench ends.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backends } from '#src/models/backends/index.js';

const start = promisify(execFile);
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
export const SPLITS = [0, 1, 2, 3, 4];

/** @typedef {{ recipe: string, task: string, split: number, sets: Record<string, unknown> }} Experiment */

/** Where the sample, its splits and the weights are; undefined, loudly, where they are absent. */
export function openExperiments(name, { root, folder, synthetic }) {
  const shared = resolve(process.env.ABO_SHARED ?? '../shared');
  const weights = join(shared, 'mobilenet_v1_0.75_224');
  if (synthetic || !existsSync(weights) || !existsSync(join(shared, 'keras-baseline'))) {
    console.log(`\nSKIPPED ${name}: no sample, or no MobileNet or splits beside it (ABO_SHARED)`);
    return undefined;
  }
  const kept = resolve(process.env.ABO_EXPERIMENTS ?? join(folder, 'experiments'));
  const installed = backends.some(
    (backend) => backend.name === 'tensorflow' && backend.isInstalled?.() !== false,
  );
  return { root, shared, weights, kept, backend: installed ? 'tensorflow' : 'wasm' };
}

/**
 * What each experiment's run gave for its task, as `summary.json` has it, with its last epoch; in the order given. As many
 * run at once as there are cores, each on one thread.
 * @param {ReturnType<typeof openExperiments>} place
 * @param {readonly Experiment[]} experiments
 */
export async function runAll(place, experiments) {
  const results = new Array(experiments.length);
  const queue = [...experiments.entries()];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, experiment] = next;
        results[index] = await runOne(place, experiment);
      }
    }),
  );
  return results;
}

async function runOne(place, experiment) {
  const { recipe, task, split, sets } = experiment;
  const key = JSON.stringify({ recipe, task, split, sets, backend: place.backend });
  const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const kept = join(place.kept, `${id}.json`);
  if (existsSync(kept)) return JSON.parse(await readFile(kept, 'utf8')).result;
  await mkdir(place.kept, { recursive: true });
  const out = join(place.kept, id);
  const overrides = await runInto(place, experiment, out);
  const { tasks } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'));
  const { epochs } = JSON.parse(await readFile(join(out, 'history', task, 'history.json'), 'utf8'));
  const result = { ...tasks[task], lastEpoch: epochs.at(-1) };
  await writeFile(kept, JSON.stringify({ experiment, result }));
  await rm(out, { recursive: true });
  console.log(`    ${recipe} split ${split} ${overrides.join(' ')}: ${result.accuracy.toFixed(4)}`);
  return result;
}

/** Runs one, which leaves its run in a folder; gives what it set, as arguments. */
export async function runInto(place, { recipe, task, split, sets }, out) {
  const overrides = Object.entries({ 'split.validation': 0, ...sets }).flatMap(([path, value]) => [
    '--set',
    `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ]);
  await patiently([
    ...[file('../../bin/pipeline'), 'evaluate', '-q', '--recipe', file(`../../recipes/${recipe}.yaml`)],
    ...['--source', place.root, '--task', task, '--backend', place.backend, '--weights', place.weights],
    ...['--samples', join(place.shared, `keras-baseline/samples/${task}-grouped-${split}.jsonl.gz`)],
    ...['--cache', join(place.kept, 'caches'), '--out', out, ...overrides],
  ]);
  return overrides;
}

/** Another run may be filling the caches that this one reads. */
async function patiently(args) {
  while (true) {
    try {
      return await start(process.execPath, args, { env: { ...process.env, TF_NUM_INTRAOP_THREADS: '1' } });
    } catch (error) {
      if (!String(error.stderr).includes('RUN_LOCKED')) throw error;
      await setTimeout(3000);
    }
  }
}
