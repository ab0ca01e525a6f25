// Three tasks on one trunk whose last block is trained, beside a model a task with as many epochs: accuracy a task, paired over
// five seeds, which draw sides, weights and order; and what both cost. `npm run bench -- trunk`; runs are kept in
// ABO_EXPERIMENTS. docs/recipes.md tells what came out.
import { interval, meanOf, points } from './experiments/paired.js';
import { openExperiments, runAll } from './experiments/run.js';

const SIZE = 96;
const EPOCHS = 8;
const SEEDS = [1, 2, 3, 4, 5];
const TASKS = ['product_type', 'color', 'brand'];
const phases = [
  { train: 'head', epochs: EPOCHS, learningRate: 0.001 },
  { train: { from: 'conv_dw_12' }, epochs: EPOCHS / 2, learningRate: 1e-4, batchNorm: 'frozen' },
];

export default async function trunk(data) {
  const place = openExperiments('trunk', data);
  if (place === undefined) return;
  console.log(`\nA trained trunk beside a model a task, MobileNet 0.75, ${SIZE} pixels, ${place.backend}`);
  const sets = { 'cache.size': SIZE, 'model.phases': phases };
  const experiments = [sets, { ...sets, 'model.trunk': 'shared' }].flatMap((own) =>
    SEEDS.map((seed) => ({ recipe: 'three-tasks', task: TASKS.join(','), sets: { ...own, seed } })),
  );
  const runs = await runAll(place, experiments);
  const apart = runs.slice(0, SEEDS.length);
  const together = runs.slice(SEEDS.length);
  for (const task of TASKS) {
    const of = (some) => some.map(({ tasks }) => tasks[task].accuracy);
    const [alone, shared] = [of(apart), of(together)];
    const difference = points(interval(shared.map((value, at) => value - alone[at])));
    console.log(
      `  ${task.padEnd(13)} alone ${meanOf(alone).toFixed(4)}, together ${meanOf(shared).toFixed(4)}; in points ${difference}`,
    );
  }
  for (const [name, { cost }] of [
    ['alone', apart[0]],
    ['together', together[0]],
  ]) {
    console.log(`  ${name}: ${JSON.stringify(cost)}`);
  }
}
