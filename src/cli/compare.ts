import type { Difference } from '../compare/differences.js';
import { shortened } from '../compare/pairs.js';
import type { ComparedRuns, TaskFigures } from '../compare/runs.js';
import { percent } from '../percent.js';
import type { RunCost } from '../summary.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';

/** Differences of one recipe that are told as text; JSON has all. */
const TOLD = 12;

const EXAMPLES = examples(
  ['pipeline compare RUN OTHER', 'the second beside the first, photo by photo'],
  ['pipeline compare RUN OTHER THIRD --json', 'several, for a program'],
);

export const compareCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('compare')
    .argument('<runs...>', 'run folders; each is set beside the first')
    .description('Sets runs side by side: figures, recipes, and accuracies on the photos that both scored')
    .addHelpText('after', EXAMPLES)
    .option('--json', 'print JSON')
    .action(async (runs: string[], { json }: { json?: boolean }) => {
      const { compareRuns } = await import('../compare/runs.js');
      const compared = await compareRuns(runs, signal);
      process.stdout.write(json ? `${JSON.stringify(compared, null, 2)}\n` : printable(describe(compared)));
    });
};

function describe({ runs, tasks }: ComparedRuns): string {
  const lines = runs.flatMap(({ run, recipe, source, backend, differences, warnings }, index) => [
    `${index + 1}  ${run}: ${recipe} on ${source}${backend === undefined ? '' : `, ${backend}`}`,
    ...differences.slice(0, TOLD).map(differenceLine),
    ...(differences.length > TOLD ? [`     and ${differences.length - TOLD} more: --json has them all`] : []),
    ...warnings.map((text) => `     ! ${text}`),
  ]);
  for (const [task, figures] of Object.entries(tasks)) {
    lines.push('', task, ...table(figures, runs), ...figures.flatMap((one) => pairLines(one, runs)));
  }
  const costs = runs.flatMap(({ cost }, index) => (cost === undefined ? [] : [costRow(index + 1, cost)]));
  if (costs.length > 0) lines.push('', 'cost of all tasks', ...aligned([COST_COLUMNS, ...costs]));
  return `${lines.join('\n')}\n`;
}

const COST_COLUMNS = ['run', 'models', 'parameters', 'MB', 'base passes', 'features s', 'train s'];

function costRow(number: number, cost: RunCost): string[] {
  const { models, parameters, modelBytes, basePasses, featureSeconds, trainSeconds } = cost;
  const megabytes = (modelBytes / 1e6).toFixed(1);
  const times = [featureSeconds, trainSeconds].map((seconds) => seconds.toFixed(0));
  return [...[number, models, parameters].map(String), megabytes, String(basePasses), ...times];
}

function differenceLine({ path, first, second }: Difference): string {
  return `     ${path}: ${shown(first)} → ${shown(second)}`;
}

function shown(value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(value);
}

const COLUMNS = [
  'run',
  'accuracy',
  '95 %',
  'macro-F1',
  'natural',
  'loss',
  'ECE',
  'over-fit',
  'epochs',
  'train s',
  'photos',
  'twins',
];

function table(figures: readonly TaskFigures[], runs: ComparedRuns['runs']): string[] {
  const rows = figures.map((one) => [
    numberOf(one, runs),
    percent(one.accuracy),
    one.accuracyInterval.map(percent).join('–'),
    percent(one.macroF1),
    percent(one.naturalAccuracy),
    one.loss.toFixed(3),
    percent(one.ece),
    one.overfitting === undefined ? '-' : percent(one.overfitting),
    String(one.epochs),
    one.trainSeconds.toFixed(0),
    String(one.photos),
    String(one.twins),
  ]);
  return aligned([COLUMNS, ...rows]);
}

/** Rows of equally many cells, each column as wide as its widest. */
function aligned(all: readonly (readonly string[])[]): string[] {
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column]!)).join('  ')}`);
}

function pairLines(one: TaskFigures, runs: ComparedRuns['runs']): string[] {
  const { comparison } = one;
  if (comparison === undefined) return [];
  const who = `  ${numberOf(one, runs)} beside the first`;
  if ('notComparable' in comparison) return [`${who}: not comparable: ${comparison.notComparable}`];
  const { photos, otherLabels, accuracies, difference, interval, mapped, dropped } = comparison;
  const left = otherLabels === 0 ? '' : ` (${otherLabels} with other labels left out)`;
  const points = (share: number) => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)}`;
  const how =
    mapped === undefined
      ? ''
      : `, the ${mapped}’s classes merged as the other recipe has it${dropped ? `, its answers without ${shortened(dropped)}` : ''}`;
  const [low, high] = interval;
  const verdict = low > 0 ? 'better' : high < 0 ? 'worse' : 'no difference can be told';
  return [
    `${who}, on the ${photos} photos that both scored${how}${left}: ${percent(accuracies[1])} and ${percent(accuracies[0])}, ${points(difference)} points (95 %: ${points(low)} to ${points(high)}): ${verdict}`,
  ];
}

function numberOf({ run }: TaskFigures, runs: ComparedRuns['runs']): string {
  return String(runs.findIndex((one) => one.run === run) + 1);
}
