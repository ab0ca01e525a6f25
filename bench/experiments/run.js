// Runs of the pipeline for experiments: each is a recipe with overrides on one of the given splits. What a run gave is kept in
// ABO_EXPERIMENTS, a folder, so that an experiment that was stopped goes on; without it, until the bench ends.
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { backends } from '#src/models/backends/index.js';
import { hash32 } from '#src/random.js';

const start = promisify(execFile);
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
export const SPLITS = [0, 1, 2, 3, 4];
export const FOLDS = [0, 1, 2, 3];

/**
 * A task's run on one of the given splits, or on a fold of that split's train side; or of several tasks, with commas between
 * them, on sides of the run's own.
 * @typedef {{ recipe: string, task: string, split?: number, fold?: number, sets: Record<string, unknown> }} Experiment
 */

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
 * What each experiment's run gave for its task, as `summary.json` has it, with its last epoch, or for its tasks, by their
 * names; in the order given. As many run at once as there are cores, each on one thread.
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
  const { recipe, task, split, fold, sets } = experiment;
  const key = JSON.stringify({ recipe, task, split, fold, sets, backend: place.backend });
  const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const kept = join(place.kept, `${id}.json`);
  if (existsSync(kept)) return JSON.parse(await readFile(kept, 'utf8')).result;
  await mkdir(place.kept, { recursive: true });
  const out = join(place.kept, id);
  const overrides = await runInto(place, experiment, out);
  const result = await resultOf(out, task);
  await writeFile(kept, JSON.stringify({ experiment, result }));
  await rm(out, { recursive: true });
  const accuracies = task.includes(',') ? Object.values(result.tasks) : [result];
  const side = [split === undefined ? '' : ` split ${split}`, fold === undefined ? '' : ` fold ${fold}`].join(
    '',
  );
  console.log(
    `    ${recipe}${side} ${overrides.join(' ')}: ${accuracies.map(({ accuracy }) => accuracy.toFixed(4)).join(', ')}`,
  );
  return result;
}

async function resultOf(out, task) {
  const { tasks, cost } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'));
  if (task.includes(',')) return { tasks, cost };
  const { epochs } = JSON.parse(await readFile(join(out, 'history', task, 'history.json'), 'utf8'));
  return { ...tasks[task], lastEpoch: epochs.at(-1) };
}

/** Runs one, which leaves its run in a folder, without a gallery; gives what it set, as arguments. */
export async function runInto(place, { recipe, task, split, fold, sets }, out) {
  const given = split === undefined ? {} : { 'split.validation': 0 };
  const overrides = Object.entries({ ...given, ...sets }).flatMap(([path, value]) => [
    '--set',
    `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ]);
  await patiently([
    ...[file('../../bin/pipeline'), 'evaluate', '-q', '--recipe', file(`../../recipes/${recipe}.yaml`)],
    ...['--source', place.root, '--task', task, '--backend', place.backend, '--weights', place.weights],
    ...(split === undefined ? [] : ['--samples', await samplesOf(place, { task, split, fold })]),
    ...['--cache', join(place.kept, 'caches'), '--out', out, '--set', 'gallery=false', ...overrides],
  ]);
  return overrides;
}

/** A given split's samples; of a fold, those of its train side alone, of which one component in so many is scored. */
async function samplesOf(place, { task, split, fold }) {
  const given = join(place.shared, `keras-baseline/samples/${task}-grouped-${split}.jsonl.gz`);
  if (fold === undefined) return given;
  const path = join(place.kept, `${task}-${split}-fold-${fold}.jsonl.gz`);
  const samples = gunzipSync(await readFile(given))
    .toString()
    .trim()
    .split('\n')
    .map(JSON.parse);
  const own = samples
    .filter((sample) => sample.split === 'train')
    .map((sample) => ({
      ...sample,
      split: hash32('fold', sample.component) % FOLDS.length === fold ? 'validation' : 'train',
    }));
  // Two runs may write it, the same: a name of its own each, put in its place at once.
  const written = `${path}.${randomUUID()}`;
  await writeFile(written, gzipSync(own.map((sample) => `${JSON.stringify(sample)}\n`).join('')));
  await rename(written, path);
  return path;
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
