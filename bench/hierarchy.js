// A B-CNN beside its fair rivals, equal epochs, paired over five splits: the flat network, its predictions rolled up the tree,
// and its deciding by least expected distance in the tree. `npm run bench -- hierarchy`; runs are kept in ABO_EXPERIMENTS.
import { interval, meanOf, points } from './experiments/paired.js';
import { openExperiments, runAll, SPLITS } from './experiments/run.js';

const SIZE = 96;
/** Half of the recipe's. */
const EPOCHS = { 'model.phases.0.epochs': 1, 'model.phases.1.epochs': 7 };
const LOSS_WEIGHTS = [
  { epochs: 2, weights: [0.98, 0.01, 0.01] },
  { epochs: 2, weights: [0.1, 0.8, 0.1] },
  { epochs: 2, weights: [0.1, 0.2, 0.7] },
  { epochs: 1, weights: [0, 0, 1] },
];

export default async function hierarchy(data) {
  const place = openExperiments('hierarchy', data);
  if (place === undefined) return;
  const experiments = [
    { 'model.lossWeights': LOSS_WEIGHTS },
    { 'model.branches': null, 'model.lossWeights': null },
  ].flatMap((more) =>
    SPLITS.map((split) => ({
      recipe: 'b-cnn',
      task: 'product_type',
      split,
      sets: { 'cache.size': SIZE, ...EPOCHS, ...more },
    })),
  );
  const runs = await runAll(place, experiments);
  const branched = runs.slice(0, SPLITS.length);
  const flat = runs.slice(SPLITS.length);
  console.log(`\nB-CNN beside flat networks, MobileNet 0.75, ${SIZE} pixels`);
  console.log('  accuracies in points; distances, in edges of the tree, in hundredths');
  const tell = (name, ours, theirs) => {
    const apart = points(interval(ours.map((value, at) => value - theirs[at])));
    console.log(
      `  ${name.padEnd(60)} ${meanOf(ours).toFixed(4)} against ${meanOf(theirs).toFixed(4)}: ${apart}`,
    );
  };
  const of = (runs, value) => runs.map(value);
  const accuracy = (one) => one.accuracy;
  tell('accuracy, B-CNN against flat', of(branched, accuracy), of(flat, accuracy));
  for (const level of Object.keys(flat[0].inTree.levelAccuracy)) {
    const rolled = ({ inTree }) => inTree.levelAccuracy[level];
    const branch = ({ inTree }) => inTree.branchAccuracy[level];
    tell(`${level}: both rolled up`, of(branched, rolled), of(flat, rolled));
    tell(`${level}: the branch against flat rolled up`, of(branched, branch), of(flat, rolled));
  }
  for (const key of ['distance', 'mistakeDistance']) {
    const most = ({ inTree }) => inTree[key];
    const least = ({ inTree }) => inTree.leastDistance[key];
    tell(`${key}: B-CNN against flat`, of(branched, most), of(flat, most));
    tell(`${key}: B-CNN against flat by least expected distance`, of(branched, most), of(flat, least));
    tell(`${key}: both by least expected distance`, of(branched, least), of(flat, least));
  }
}
