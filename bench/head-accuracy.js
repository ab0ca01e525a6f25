// Every head of Keras's baseline on frozen MobileNet, on its photos and sides, three seeds, beside the accuracy that Keras had
// there: paired differences over the five splits. `npm run bench -- head-accuracy`; 195 runs, kept in ABO_EXPERIMENTS.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askKeras, writeFeatures } from './experiments/keras.js';
import { interval, meanOf, points } from './experiments/paired.js';
import { openExperiments, runAll, runInto, SPLITS } from './experiments/run.js';

const SEEDS = [1, 2, 3];
const smooth = { dropout: 0.5, labelSmoothing: 0.1 };
/** By Keras's names. It shows both mirror images in an epoch, the pipeline in two. */
const HEADS = {
  softmax: { head: { units: [] }, epochs: 40 },
  'dense256_dropout0.3': { head: { units: [256], dropout: 0.3 }, epochs: 40 },
  v2_dense1024: { head: { units: [1024] }, epochs: 20 },
  'softmax_flips_smooth0.1': { head: { units: [], labelSmoothing: 0.1 }, epochs: 80, mirror: true },
  'dense256_flips_smooth0.1': { head: { units: [256], ...smooth }, epochs: 80, mirror: true },
  'dense1024_flips_smooth0.1': { head: { units: [1024], ...smooth }, epochs: 50, mirror: true },
  'dense1024_2layers_flips_smooth0.1': {
    head: { units: [1024], ...smooth, layers: ['conv_pw_12_relu', 'conv_pw_13_relu'] },
    epochs: 50,
    mirror: true,
  },
};

/** Nothing holds it back, and its last epoch is good or bad by chance: here one run of Keras's says little. */
const UNSTEADY = 'v2_dense1024';

export default async function headAccuracy(data) {
  const { folder } = data;
  const place = openExperiments('head-accuracy', data);
  if (place === undefined) return;
  const keras = JSON.parse(await readFile(join(place.shared, 'keras-baseline/heads.json'), 'utf8'));
  console.log(`\nHeads on frozen MobileNet 0.75, ${place.backend}, seeds ${SEEDS.join(', ')}, beside Keras`);
  const lines = [];
  for (const task of ['product_type', 'color', 'brand']) {
    for (const [name, { head, epochs, mirror = false }] of Object.entries(HEADS)) {
      const theirs = keras[task].grouped[name]?.accuracyBySeed;
      if (theirs === undefined) continue;
      const sets = { 'model.head': head, 'model.phases.0.epochs': epochs, 'model.mirror': mirror };
      const recipe = task === 'product_type' ? 'mobilenet' : 'three-tasks';
      const experiments = SPLITS.flatMap((split) =>
        SEEDS.map((seed) => ({ recipe, task, split, sets: { ...sets, seed } })),
      );
      const found = await runAll(place, experiments);
      const ours = SPLITS.map((_, at) =>
        meanOf(found.slice(at * SEEDS.length, (at + 1) * SEEDS.length).map(({ accuracy }) => accuracy)),
      );
      const tell = (whose, accuracies) => {
        const difference = interval(SPLITS.map((split) => ours[split] - accuracies[split]));
        lines.push(
          `  ${task.padEnd(13)} ${name.padEnd(34)} ${meanOf(ours).toFixed(4)}, ${whose} ${meanOf(accuracies).toFixed(4)}, difference in points ${points(difference)}`,
        );
      };
      tell('Keras', theirs);
      if (name === UNSTEADY && task === 'product_type') {
        tell(`Keras, ${SEEDS.length} seeds`, await kerasOverSeeds(place, { folder, task, head: name }));
      }
    }
  }
  for (const line of lines) console.log(line);
}

/** What Keras itself has with as many seeds a split, on the pipeline's own features: the means, by split. */
async function kerasOverSeeds(place, { folder, task, head }) {
  const kept = join(place.kept, `keras-${task}-${head}-${SEEDS.length}.json`);
  if (existsSync(kept)) return JSON.parse(await readFile(kept, 'utf8'));
  const sets = { 'model.head': { units: [] }, 'model.phases.0.epochs': 1, 'model.mirror': true };
  const out = join(folder, 'features-of-keras');
  await runInto(place, { recipe: 'mobilenet', task, split: 0, sets }, out);
  const length = await writeFeatures(out, folder, task);
  const inits = SEEDS.length;
  const { accuracies } = askKeras({ shared: place.shared, folder, task, seeds: SPLITS, head, length, inits });
  const means = SPLITS.map((_, at) => meanOf(accuracies.slice(at * inits, (at + 1) * inits)));
  await writeFile(kept, JSON.stringify(means));
  return means;
}
