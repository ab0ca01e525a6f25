// Keras's own heads on features that a run of the pipeline computed.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCache } from '#src/sinks/tensor-cache/open.js';

/**
 * Writes a run's features of a task's photos and their mirror images as one file, and the photos' paths; gives how many a layer
 * has, of so many layers.
 */
export async function writeFeatures(out, folder, task, layers = 1) {
  const { steps } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  const output = steps['features-mobilenet-mirrored'].outputs.find((one) => one.endsWith('data.mdb'));
  const cache = openCache(dirname(resolve(out, output)));
  const lines = (await readFile(join(out, `samples-${task}.jsonl`), 'utf8')).trim().split('\n');
  const samples = lines.map((line) => JSON.parse(line));
  const { length } = cache.identity;
  const all = new Float32Array(samples.length * length);
  for (const [index, { sha256 }] of samples.entries()) {
    const bytes = new Uint8Array(all.buffer, 4 * index * length, 4 * length);
    cache.read(cache.keyOf(sha256), bytes);
  }
  await cache.close();
  await writeFile(join(folder, 'features.bin'), new Uint8Array(all.buffer));
  await writeFile(join(folder, 'paths.json'), JSON.stringify(samples.map(({ path }) => path)));
  return length / 2 / layers;
}

/**
 * Trains one of Keras's heads with ABO_PYTHON (tensorflow, keras, scikit-learn).
 * @param {{ shared: string, folder: string, task: string, seeds: readonly number[], head: string, length: number, layers?: number, inits?: number }} asked
 *   `folder` is where `writeFeatures` wrote; `seeds` are splits, each trained `inits` times, by default once.
 * @returns {{ accuracies: number[], seconds: number }} a split's after the other's.
 */
export function askKeras({ head, ...asked }) {
  const python = process.env['ABO_PYTHON'] ?? 'python3';
  const caller = fileURLToPath(new URL('../peers/heads.py', import.meta.url));
  const said = execFileSync(python, [caller, JSON.stringify({ ...asked, heads: [head] })]).toString();
  return JSON.parse(said.trim().split('\n').at(-1))[head];
}
