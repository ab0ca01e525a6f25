// Whether a pretrained base is better trained on: MobileNet's last block unfrozen behind a Dense head, by grouped four-fold
// cross-validation inside the first split's train side, whose outer side is not read. `npm run bench -- unfreezing`; runs are
// kept in ABO_EXPERIMENTS. docs/recommended.md tells what came out.
import { interval, meanOf, points } from './experiments/paired.js';
import { FOLDS, openExperiments, runAll } from './experiments/run.js';

const LAST_BLOCK = 'conv_dw_12';
const HEAD_EPOCHS = 25;
const TUNED_EPOCHS = 6;
const head = { train: 'head', epochs: HEAD_EPOCHS, learningRate: 0.001 };
const tuned = (learningRate) => ({
  train: { from: LAST_BLOCK },
  epochs: TUNED_EPOCHS,
  learningRate,
  batchNorm: 'frozen',
  schedule: { kind: 'cosine' },
});
const PHASES = {
  frozen: [head],
  'frozen, as many epochs': [{ ...head, epochs: HEAD_EPOCHS + TUNED_EPOCHS }],
  'the last block, 1e-5': [head, tuned(1e-5)],
  'the last block, 1e-4': [head, tuned(1e-4)],
};

export default async function unfreezing(data) {
  const place = openExperiments('unfreezing', data);
  if (place === undefined) return;
  console.log(
    `\nMobileNet 0.75, 224 pixels, Dense 1024, ${place.backend}: four folds of the first train side`,
  );
  const experiments = Object.values(PHASES).flatMap((phases) =>
    FOLDS.map((fold) => ({
      recipe: 'mobilenet',
      task: 'product_type',
      split: 0,
      fold,
      sets: {
        'model.head': { units: [1024], dropout: 0.5, labelSmoothing: 0.1 },
        'model.mirror': true,
        'model.phases': phases,
      },
    })),
  );
  const accuracies = (await runAll(place, experiments)).map(({ accuracy }) => accuracy);
  const frozen = accuracies.slice(0, FOLDS.length);
  for (const [at, name] of Object.keys(PHASES).entries()) {
    const own = accuracies.slice(at * FOLDS.length, (at + 1) * FOLDS.length);
    const apart = points(interval(own.map((value, fold) => value - frozen[fold])));
    console.log(
      `  ${name.padEnd(24)} ${meanOf(own).toFixed(4)}${at === 0 ? '' : `; in points ${apart} beside frozen`}`,
    );
  }
}
