import { Option } from 'commander';
import { parse as parseYaml } from 'yaml';
import { type Normalise, normaliseSchema } from '../labels/schema.js';
import { LEVELS } from '../labels/tree/tree.js';
import { loadTree } from '../recipe-file.js';
import type { Level } from '../records.js';
import { label } from '../stages/label.js';
import { describeIssues } from '../zod-issues.js';
import { parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';

interface LabelCommandOptions extends FilterOptions {
  task: string;
  attribute?: string;
  normalise?: Normalise;
  missing?: string;
  minPerClass: number;
  top?: number;
  other?: string;
  drop: string[];
  merge: string[];
  select?: string[];
  tree?: string;
  level?: Level;
}

const EXAMPLES = examples(
  [
    'pipeline label --task product_type --min-per-class 20 < photos.jsonl > labelled.jsonl',
    'classes of 20 photos or more',
  ],
  [
    "pipeline label --task color --normalise '{kind: color}' < photos.jsonl > labelled.jsonl",
    'colours by the palette’s names',
  ],
);

export const labelCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'label', 'Photos → labelled photos of one task', EXAMPLES)
    .requiredOption('--task <name>', 'the attribute to learn, such as product_type')
    .option('--attribute <name>', 'the attribute, where it is not the task’s name')
    .option(
      '--min-per-class <n>',
      'classes with fewer photos are dropped',
      parseInteger('--min-per-class', 0),
      1,
    )
    .option('--normalise <yaml>', 'how values become labels, as in a recipe: {kind: color}', parseNormalise)
    .option('--missing <label>', 'the label of photos without a value')
    .option('--top <n>', 'only so many classes, the largest', parseInteger('--top', 2))
    .option(
      '--other <label>',
      'the label of photos whose class is not selected, too small or not among the top',
    )
    .option('--drop <labels...>', 'labels that are left out', [])
    .option('--merge <pairs...>', 'labels that become another: FROM=INTO', [])
    .option('--select <labels...>', 'only these labels')
    .option('--tree <file>', 'the category tree of the classes: labelled photos carry their paths')
    .addOption(
      new Option('--level <name>', 'with --tree: what becomes the label').choices(LEVELS).default('fine'),
    )
    .action(async ({ merge, tree: file, ...options }: LabelCommandOptions) => {
      const tree = file === undefined ? undefined : await loadTree(file);
      const stage = label({ ...options, merge: Object.fromEntries(merge.map(mergePair)), tree });
      return runStageFilter(options, environment, 'photo', stage);
    });
};

function parseNormalise(text: string): Normalise {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 0 });
  } catch {
    value = undefined;
  }
  const result = normaliseSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw usageError(
    `Expected the recipe’s normalise, such as {kind: color}, for --normalise but received "${text}"`,
    describeIssues(result.error.issues)[0],
  );
}

function mergePair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw usageError(`Expected FROM=INTO for --merge but received "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
