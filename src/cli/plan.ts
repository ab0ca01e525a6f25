import { Option } from 'commander';
import { BACKEND_CHOICES, type BackendName } from '../models/backends/backend.js';
import type { Plan, TaskPlan } from '../plan/plan.js';
import { MEASURED_ON } from '../plan/rates.js';
import { collect, collectNames } from './arguments.js';
import { bytes } from './bytes.js';
import type { CommandDefinition } from './command.js';
import { duration } from './duration.js';
import { examples } from './examples.js';
import { printable } from './printable.js';

interface PlanOptions {
  set: string[];
  task?: string[];
  run?: string;
  backend: BackendName;
  alpha: number;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline plan recipes/v2.yaml --backend tensorflow', 'at ABO’s full size'],
  ['pipeline plan recipes/recommended.yaml --run RUN --alpha 0.75', 'by what a run found when it curated'],
);

export const planCommand: CommandDefinition = (program) => {
  program
    .command('plan')
    .argument('<recipe>', 'a recipe’s file')
    .description('Says what a run would do and cost, at the full size of ABO or of a curated run')
    .addHelpText('after', EXAMPLES)
    .option('--set <path=value>', 'overrides a value of the recipe (repeatable)', collect, [])
    .option('--task <task,…>', 'plans only these of the recipe’s tasks (repeatable)', collectNames)
    .option('--run <run>', 'plans by what this run found when it curated; default: ABO’s published counts')
    .addOption(
      new Option('--backend <name>', 'what would train')
        .choices(BACKEND_CHOICES.filter((name) => name === 'tensorflow' || name === 'wasm'))
        .default('wasm'),
    )
    .addOption(
      new Option('--alpha <n>', 'width of MobileNet’s weights')
        .choices(['0.25', '0.5', '0.75', '1'])
        .default('1'),
    )
    .option('--json', 'print JSON')
    .action(async (file: string, { set, task, run, backend, alpha, json }: PlanOptions) => {
      const { loadRecipe, onlyTasks } = await import('../recipe-file.js');
      const { publishedCounts } = await import('../plan/counts.js');
      const { countsOfRun } = await import('../plan/run-counts.js');
      const { planOf } = await import('../plan/plan.js');
      const { assertModels } = await import('../models/assert-models.js');
      const whole = await loadRecipe(file, set);
      const recipe = task === undefined ? whole : onlyTasks(whole, task);
      assertModels(recipe);
      const counts = run === undefined ? await publishedCounts(recipe) : await countsOfRun(recipe, run);
      const plan = await planOf({ recipe, counts, backend, alpha: Number(alpha) });
      process.stdout.write(json ? `${JSON.stringify(plan, null, 2)}\n` : printable(describe(plan)));
    });
};

const BASES = {
  run: 'as the run found them',
  published: 'as published for Amazon Berkeley Objects',
  assumed: 'some of whose sizes nobody published: they are assumed',
} as const;

const count = (number: number) => Math.round(number).toLocaleString('en-GB');
/** An estimate of less than a MB is told as one. */
const about = (number: number) => bytes(Math.max(1e6, number));
const giga = (number: number) => `${(number / 1e9).toPrecision(3)} G`;

function describe(plan: Plan): string {
  const { recipe, backend, listings, photos, curateSeconds, cacheSeconds } = plan;
  const most = plan.atMost ? 'at most ' : '';
  const lines = [
    `${recipe} on ${backend}`,
    `  curate    ${count(listings)} listings, ${count(photos)} photos; about ${duration(curateSeconds)}`,
    `  cache     ${most}${count(plan.cachePhotos)} photos, ${about(plan.cacheBytes)}; about ${duration(cacheSeconds)}`,
    ...plan.tasks.flatMap(describeTask),
    ...(plan.galleryBytes > 0 ? [`  gallery   ${most}${about(plan.galleryBytes)}${galleryCost(plan)}`] : []),
    `  in all    ${inAll(plan)}`,
    '',
    `Times are those of ${MEASURED_ON}, within a factor of two; disk and memory within a fifth or so.`,
  ];
  lines.push(...plan.warnings.map((text) => `! ${text}`));
  if (plan.atMost)
    lines.push(
      'Photos that tasks share are counted for each of them, at most: --run RUN says which they are.',
    );
  if (plan.sharedTrunk)
    lines.push(
      'Tasks of the shared trunk are counted as if each had a model of its own: the most it can cost.',
    );
  const guessed = plan.tasks.filter(({ measured }) => !measured).map(({ network }) => network);
  if (guessed.length > 0)
    lines.push(`${[...new Set(guessed)].join(', ')}: never timed, taken to be as fast as its likes.`);
  return `${lines.join('\n')}\n`;
}

function galleryCost({ galleryPasses }: Plan): string {
  return galleryPasses === 0 ? '' : `; ${count(galleryPasses)} forward passes`;
}

function inAll({ seconds, memoryBytes, diskBytes, tasks }: Plan): string {
  // Both are there, or neither.
  if (seconds === undefined || memoryBytes === undefined) return 'a run would refuse it';
  const most = tasks.some(({ phases }) => phases.some(({ patient }) => patient)) ? 'at most ' : '';
  return `${most}about ${duration(seconds)}, ${about(diskBytes)} of disk, ${about(memoryBytes)} of memory`;
}

function describeTask({
  task,
  counts,
  network,
  cost,
  featurePasses,
  featureSeconds,
  phases,
  diskBytes,
  refused,
}: TaskPlan) {
  const { classes, before, samples, splits, basis } = counts;
  const capped = before === undefined ? '' : `${count(before)} photos, after the cap `;
  const lines = [
    `  ${task}`,
    `    data      ${classes} classes, ${capped}${count(samples)}: train ${count(splits.train)}, validation ${count(splits.validation)}, test ${count(splits.test)}`,
    `              ${BASES[basis]}`,
    `    network   ${network}: ${giga(cost.macs)} multiply-adds a photo, ${count(cost.parameters)} parameters`,
  ];
  if (featurePasses > 0) {
    lines.push(
      `    features  ${count(featurePasses)} forward passes, ${about(diskBytes.features)}${featureSeconds === undefined ? '' : `; about ${duration(featureSeconds)}`}`,
    );
  }
  for (const [index, phase] of phases.entries()) {
    const { name, epochs, patient, steps, forward, trained, features, seconds, memoryBytes } = phase;
    const read = features ? 'stored features' : `${count(forward)} forward passes`;
    const costs =
      seconds === undefined || memoryBytes === undefined
        ? `a run would refuse it: ${refused}`
        : `about ${duration(seconds)}, ${about(memoryBytes)}`;
    lines.push(
      `    phase ${index + 1}   ${name}: ${patient ? 'at most ' : ''}${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} of ${count(steps)} steps on ${read}, ${count(trained)} parameters trained; ${costs}`,
    );
  }
  lines.push(`    disk      checkpoint ${about(diskBytes.checkpoint)}, model ${about(diskBytes.model)}`);
  return lines;
}
