// Heads on frozen MobileNet's features beside Keras's own, on the same features, photos and sides, as many epochs, in turn:
// accuracy and seconds. `npm run bench -- heads`; the sample, MobileNet and Keras's script from ABO_SHARED, Python (tensorflow,
// keras, scikit-learn) from ABO_PYTHON.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backends } from '#src/models/backends/index.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';

const TASK = 'product_type';
const SEEDS = [0, 1];
/** Keras shows both mirror images in an epoch, the pipeline in two. */
const HEADS = {
  softmax: { head: '{units: []}', epochs: 40 },
  v2_dense1024: { head: '{units: [1024]}', epochs: 20 },
  'dense256_dropout0.3': { head: '{units: [256], dropout: 0.3}', epochs: 40 },
  'dense256_flips_smooth0.1': {
    head: '{units: [256], dropout: 0.5, labelSmoothing: 0.1}',
    epochs: 80,
    mirror: true,
  },
};
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export default async function heads({ root, folder, synthetic }) {
  const shared = resolve(process.env['ABO_SHARED'] ?? '../shared');
  const python = process.env['ABO_PYTHON'] ?? 'python3';
  if (synthetic || !existsSync(join(shared, 'keras-baseline'))) {
    console.log('\nSKIPPED heads: no sample, or no Keras baseline beside it (ABO_SHARED)');
    return;
  }
  const installed = backends.some(
    ({ name, isInstalled }) => name === 'tensorflow' && isInstalled?.() !== false,
  );
  const backend = installed ? 'tensorflow' : 'wasm';
  const run = async (name, seed) => {
    const { head, epochs, mirror = false } = HEADS[name];
    const out = join(folder, `heads-${name}-${seed}`);
    const sets = {
      'split.validation': 0,
      'model.head': head,
      'model.phases.0.epochs': epochs,
      'model.mirror': mirror,
    };
    execFileSync(process.execPath, [
      ...[
        file('../bin/pipeline'),
        'evaluate',
        '--recipe',
        file('../recipes/mobilenet.yaml'),
        '--source',
        root,
      ],
      ...['--samples', join(shared, `keras-baseline/samples/${TASK}-grouped-${seed}.jsonl.gz`), '--out', out],
      ...['--weights', join(shared, 'mobilenet_v1_0.75_224'), '--backend', backend, '-q'],
      ...['--cache', join(folder, 'heads-cache')],
      ...Object.entries(sets).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
    ]);
    const { tasks } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'));
    return { out, accuracy: tasks[TASK].accuracy, seconds: tasks[TASK].trainSeconds };
  };
  const first = await run('dense256_flips_smooth0.1', SEEDS[0]);
  const length = await writeFeatures(first.out, folder);
  console.log(`\nHeads on frozen MobileNet 0.75, splits ${SEEDS.join(' and ')}, ${backend} beside Keras`);
  for (const name of Object.keys(HEADS)) {
    const ours = [];
    for (const seed of SEEDS) ours.push(await run(name, seed));
    const asked = { shared, folder, task: TASK, seeds: SEEDS, heads: [name], length };
    const said = execFileSync(python, [file('peers/heads.py'), JSON.stringify(asked)]).toString();
    const theirs = JSON.parse(said.trim().split('\n').at(-1))[name];
    const seconds = ours.reduce((sum, one) => sum + one.seconds, 0);
    const accuracies = (values) => values.map((value) => value.toFixed(4)).join(', ');
    console.log(
      `  ${name.padEnd(26)} ${seconds.toFixed(1)} s, ${accuracies(ours.map(({ accuracy }) => accuracy))}; Keras ${theirs.seconds} s, ${accuracies(theirs.accuracies)}; its time ÷ ours ${(theirs.seconds / seconds).toFixed(2)}`,
    );
  }
}

/** Writes a run's features of photos and mirror images as one file, and the photos' paths; gives the features' number. */
async function writeFeatures(out, folder) {
  const { steps } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  const output = steps['features-mobilenet-mirrored'].outputs.find((one) => one.endsWith('data.mdb'));
  const cache = openCache(dirname(resolve(out, output)));
  const lines = (await readFile(join(out, `samples-${TASK}.jsonl`), 'utf8')).trim().split('\n');
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
  return length / 2;
}
