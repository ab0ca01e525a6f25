// A frozen base's head on k stored views of each training photo, beside views made anew in each epoch and beside none:
// accuracy, paired over five splits. `npm run bench -- views`; runs are kept in ABO_EXPERIMENTS.
import { interval, meanOf, points } from './experiments/paired.js';
import { openExperiments, runAll, SPLITS } from './experiments/run.js';

const SIZE = 96;
const EPOCHS = 8;
const augmentation = { rotation: 0.2, translation: 0.2, zoom: [0.2, 0.3], flip: 'horizontal' };
const LOOKS = {
  'anew in each epoch': { augmentation },
  'k = 5': { augmentation, 'cache.augmentedCopies': 5 },
  'k = 2': { augmentation, 'cache.augmentedCopies': 2 },
  'k = 1': { augmentation, 'cache.augmentedCopies': 1 },
  'photos as they are': {},
};

export default async function views(data) {
  const place = openExperiments('views', data);
  if (place === undefined) return;
  console.log(`\nStored views, V2’s augmentation and head, MobileNet 0.75, ${SIZE} pixels, ${EPOCHS} epochs`);
  const lines = [];
  let fresh;
  for (const [name, look] of Object.entries(LOOKS)) {
    const sets = {
      'cache.size': SIZE,
      'model.head': { units: [1024] },
      'model.phases.0.epochs': EPOCHS,
      ...look,
    };
    const found = await runAll(
      place,
      SPLITS.map((split) => ({ recipe: 'mobilenet', task: 'product_type', split, sets })),
    );
    const accuracies = found.map(({ accuracy }) => accuracy);
    fresh ??= accuracies;
    const apart = points(interval(accuracies.map((value, at) => value - fresh[at])));
    lines.push(
      `  ${name.padEnd(20)} ${meanOf(accuracies).toFixed(4)}${fresh === accuracies ? '' : `; in points ${apart} beside views made anew`}`,
    );
  }
  for (const line of lines) console.log(line);
}
