// What the seed post's six iterations changed, one factor at a time, on pretrained MobileNet 0.75 and five splits that share
// nothing: accuracy, over-fitting (training minus test accuracy), and paired differences. `npm run bench -- iterations`; runs
// are kept in ABO_EXPERIMENTS. docs/six-iterations.md tells what came out.
import { interval, meanOf, points } from './experiments/paired.js';
import { openExperiments, runAll, SPLITS } from './experiments/run.js';

const TASK = 'product_type';
/** Fewer pixels and epochs than the post's, so that training the whole base on one processor core takes minutes. */
const SIZE = 96;
const EPOCHS = 8;
/** Where MobileNet's last resolution begins, as VGG16's does at block5_conv1. */
const LAST_BLOCK = 'conv_dw_12';
const augmentation = { rotation: 0.2, translation: 0.2, zoom: [0.2, 0.3], flip: 'horizontal' };

const head = (epochs = EPOCHS, learningRate = 0.001) => ({ train: 'head', epochs, learningRate });
const tuned = (learningRate, epochs = EPOCHS / 2) => ({
  train: { from: LAST_BLOCK },
  epochs,
  learningRate,
  batchNorm: 'frozen',
});
const regime = (more = {}) => ({
  'cache.size': SIZE,
  'model.head': { units: [1024] },
  'model.phases': [head()],
  ...more,
});
const phases = (...some) => ({ 'model.phases': some });

/** Each beside the one that it differs from in one thing. */
const REGIMES = {
  'V2’s head, frozen base': { sets: regime() },
  'V1: learning rate 0.01': { sets: regime(phases(head(EPOCHS, 0.01))), beside: 'V2’s head, frozen base' },
  'V2: augmentation, head only': { sets: regime({ augmentation }), beside: 'V2’s head, frozen base' },
  'V2: the last block unfrozen after 4 epochs, 1e-5': {
    sets: regime(phases(head(EPOCHS / 2), tuned(1e-5))),
    beside: 'V2’s head, frozen base',
  },
  'the same, 1e-4': { sets: regime(phases(head(EPOCHS / 2), tuned(1e-4))), beside: 'V2’s head, frozen base' },
  'V2: both, 1e-5': {
    sets: regime({ ...phases(head(EPOCHS / 2), tuned(1e-5)), augmentation }),
    beside: 'V2: augmentation, head only',
  },
  'V3: pixels / 255': {
    sets: regime({ 'model.preprocessing': 'scale-255' }),
    beside: 'V2’s head, frozen base',
  },
  'V3: no phases, the whole base at 1e-3': {
    sets: regime(phases({ train: 'all', epochs: EPOCHS, learningRate: 0.001 })),
    beside: 'V2’s head, frozen base',
  },
  'V4: 224 pixels': { sets: regime({ 'cache.size': 224 }), beside: 'V2’s head, frozen base' },
  'V5: L2 0.01': {
    sets: regime({ 'model.head': { units: [1024], l2: 0.01 } }),
    beside: 'V2’s head, frozen base',
  },
  'V5: the last block from the first epoch, 1e-3': {
    sets: regime(phases(tuned(1e-3, EPOCHS))),
    beside: 'V2’s head, frozen base',
  },
  'V6: dropout 0.3': {
    sets: regime({ 'model.head': { units: [1024], dropout: 0.3 } }),
    beside: 'V2’s head, frozen base',
  },
};

export default async function iterations(data) {
  const place = openExperiments('iterations', data);
  if (place === undefined) return;
  console.log(`\nThe post’s factors on MobileNet 0.75, ${SIZE} pixels, ${EPOCHS} epochs, ${place.backend}`);
  const experiments = Object.values(REGIMES).flatMap(({ sets }) =>
    SPLITS.map((split) => ({ recipe: 'mobilenet', task: TASK, split, sets })),
  );
  const runs = await runAll(place, experiments);
  const figures = new Map();
  for (const [at, [name, { beside }]] of Object.entries(REGIMES).entries()) {
    const found = runs.slice(at * SPLITS.length, (at + 1) * SPLITS.length);
    const own = {
      accuracy: found.map(({ accuracy }) => accuracy),
      overfitting: found.map(({ accuracy, lastEpoch }) => lastEpoch.trainAccuracy - accuracy),
    };
    figures.set(name, own);
    const other = figures.get(beside);
    const apart = (key) => points(interval(own[key].map((value, at) => value - other[key][at])));
    console.log(
      `  ${name.padEnd(50)} ${meanOf(own.accuracy).toFixed(4)}, over-fitting ${meanOf(own.overfitting).toFixed(3)}${
        other === undefined
          ? ''
          : `; in points ${apart('accuracy')}, over-fitting ${apart('overfitting')}, beside ${beside}`
      }`,
    );
  }
}
