// What a frozen phase of 20 epochs costs, k stored views a photo: its passes of the base, counted and timed beside k bare
// forward passes a photo of the same backend, and the head's training. `npm run bench -- frozen`; MobileNet from ABO_SHARED.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backends } from '#src/models/backends/index.js';
import { median } from './measure.js';

const EPOCHS = 20;
/** 21 classes of so many: of fewer photos those that are measured in each epoch, at least 250, would be most. */
const CAP = 60;
const VIEWS = [1, 2, 5];
const BATCH = 32;
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export default async function frozen({ root, folder, synthetic }) {
  const weights = join(resolve(process.env['ABO_SHARED'] ?? '../shared'), 'mobilenet_v1_0.75_224');
  if (synthetic || !existsSync(weights)) {
    console.log('\nSKIPPED frozen: no sample, or no pretrained MobileNet beside it (ABO_SHARED)');
    return;
  }
  const able = backends.filter(
    ({ name, isInstalled }) => name === 'wasm' || (name === 'tensorflow' && isInstalled?.() !== false),
  );
  for (const { name } of able) {
    console.log(`\nFrozen MobileNet 0.75 on ${name}, head of 1,024, ${EPOCHS} epochs`);
    for (const views of VIEWS) {
      const out = join(folder, `frozen-${name}-${views}`);
      const sets = {
        'tasks.product_type.cap': CAP,
        'cache.augmentedCopies': views,
        augmentation: '{rotation: 0.2, translation: 0.2, zoom: [0.2, 0.3], flip: horizontal}',
        'model.head': '{units: [1024]}',
        'model.phases.0.epochs': EPOCHS,
      };
      const overrides = Object.entries(sets).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
      const before = forward(name);
      execFileSync(process.execPath, [
        ...[file('../bin/pipeline'), 'train', '--recipe', file('../recipes/mobilenet.yaml')],
        ...['--source', root, '--out', out, '--weights', weights, '--backend', name, '-q', ...overrides],
      ]);
      const bare = median([before, forward(name)]);
      const { steps } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
      const features = steps['features-mobilenet'];
      const { computed } = features.result.result;
      const training = steps['train-product_type'];
      // Where the head read features alone there are none.
      const { basePasses = 0 } = training.result.result;
      const { tasks } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'));
      const photos = tasks.product_type.samples;
      const passes = computed + basePasses;
      const seconds = (views * photos * bare) / 1000;
      console.log(
        `  k = ${views}, ${photos} photos: ${passes} passes, ${(passes / (views * photos)).toFixed(2)} × k × photos; ${features.seconds.toFixed(1)} s, ${(features.seconds / seconds).toFixed(2)} times as many bare ones; head ${training.seconds.toFixed(1)} s`,
      );
    }
  }
}

/** Milliseconds a photo of a bare forward pass on all cores. */
function forward(backend) {
  const asked = { work: 'mobilenet forward', batch: BATCH, steps: 4, backend, threads: 2 };
  const said = execFileSync(process.execPath, [
    '--conditions=dist',
    file('backend-steps.js'),
    JSON.stringify(asked),
  ]);
  return median(JSON.parse(said.toString().trim().split('\n').at(-1)).milliseconds) / BATCH;
}
