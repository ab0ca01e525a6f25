// Heads on frozen MobileNet's features beside Keras's own, on the same features, photos and sides, as many epochs, in turn:
// accuracy and seconds. `npm run bench -- heads`; the sample, MobileNet and Keras's script from ABO_SHARED, Python (tensorflow,
// keras, scikit-learn) from ABO_PYTHON.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backends } from '#src/models/backends/index.js';
import { askKeras, writeFeatures } from './experiments/keras.js';

const TASK = 'product_type';
const SEEDS = [0, 1];
/** Keras shows both mirror images in an epoch, the pipeline in two. */
const HEADS = {
  softmax: { head: '{units: []}', epochs: 40 },
  v2_dense1024: { head: '{units: [1024]}', epochs: 20 },
  'dense256_dropout0.3': { head: '{units: [256], dropout: 0.3}', epochs: 40 },
  'softmax_flips_smooth0.1': { head: '{units: [], labelSmoothing: 0.1}', epochs: 80, mirror: true },
  'dense256_flips_smooth0.1': {
    head: '{units: [256], dropout: 0.5, labelSmoothing: 0.1}',
    epochs: 80,
    mirror: true,
  },
  'dense1024_flips_smooth0.1': {
    head: '{units: [1024], dropout: 0.5, labelSmoothing: 0.1}',
    epochs: 50,
    mirror: true,
  },
  'dense1024_2layers_flips_smooth0.1': {
    head: '{units: [1024], dropout: 0.5, labelSmoothing: 0.1, layers: [conv_pw_12_relu, conv_pw_13_relu]}',
    epochs: 50,
    mirror: true,
    layers: 2,
  },
};
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export default async function heads({ root, folder, synthetic }) {
  const shared = resolve(process.env['ABO_SHARED'] ?? '../shared');
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
  const features = {};
  for (const [layers, name] of [
    [1, 'dense256_flips_smooth0.1'],
    [2, 'dense1024_2layers_flips_smooth0.1'],
  ]) {
    const own = join(folder, `features-${layers}`);
    await mkdir(own);
    const { out } = await run(name, SEEDS[0]);
    features[layers] = { folder: own, layers, length: await writeFeatures(out, own, TASK, layers) };
  }
  console.log(`\nHeads on frozen MobileNet 0.75, splits ${SEEDS.join(' and ')}, ${backend} beside Keras`);
  for (const [name, { layers = 1 }] of Object.entries(HEADS)) {
    const ours = [];
    for (const seed of SEEDS) ours.push(await run(name, seed));
    const theirs = askKeras({ shared, task: TASK, seeds: SEEDS, head: name, ...features[layers] });
    const seconds = ours.reduce((sum, one) => sum + one.seconds, 0);
    const accuracies = (values) => values.map((value) => value.toFixed(4)).join(', ');
    console.log(
      `  ${name.padEnd(26)} ${seconds.toFixed(1)} s, ${accuracies(ours.map(({ accuracy }) => accuracy))}; Keras ${theirs.seconds} s, ${accuracies(theirs.accuracies)}; its time ÷ ours ${(theirs.seconds / seconds).toFixed(2)}`,
    );
  }
}
