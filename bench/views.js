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
  const experiments = Object.values(LOOKS).flatMap((look) =>
    SPLITS.map((split) => ({
      recipe: 'mobilenet',
      task: 'product_type',
      split,
      sets: {
        'cache.size': SIZE,
        'model.head': { units: [1024] },
        'model.phases': [{ train: 'head', epochs: EPOCHS, learningRate: 0.001 }],
        ...look,
      },
    })),
  );
  const accuracies = (await runAll(place, experiments)).map(({ accuracy }) => accuracy);
  const fresh = accuracies.slice(0, SPLITS.length);
  for (const [at, name] of Object.keys(LOOKS).entries()) {
    const own = accuracies.slice(at * SPLITS.length, (at + 1) * SPLITS.length);
    const apart = points(interval(own.map((value, split) => value - fresh[split])));
    console.log(
      `  ${name.padEnd(20)} ${meanOf(own).toFixed(4)}${at === 0 ? '' : `; in points ${apart} beside views made anew`}`,
    );
  }
}
