import { Option } from 'commander';
import { recipeSchema } from '../recipe.js';
import { sampleRecord } from '../records.js';
import { runStage } from '../stage.js';
import { split } from '../stages/split.js';
import { parseShare } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runFilter } from './filter.js';
import { readRecords } from './piped-records.js';

interface SplitCommandOptions extends FilterOptions {
  by: 'component' | 'image';
  method: 'stratified' | 'hash';
  validation: number;
  test: number;
}

const DEFAULTS = recipeSchema.shape.split.parse({});

const EXAMPLES = examples(
  ['pipeline split < labelled.jsonl > samples.jsonl', 'linked photos stay on one side'],
  [
    'pipeline split --method hash --test 0.2 < labelled.jsonl > samples.jsonl',
    'a side that does not depend on the other photos',
  ],
);

export const splitCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'split', 'Labelled photos → samples, each with its side', EXAMPLES)
    .addOption(
      new Option('--by <unit>', 'what stays together').choices(['component', 'image']).default(DEFAULTS.by),
    )
    .addOption(
      new Option('--method <name>', 'how sides are chosen')
        .choices(['stratified', 'hash'])
        .default(DEFAULTS.method),
    )
    .option('--validation <share>', 'share of the photos', parseShare('--validation'), DEFAULTS.validation)
    .option('--test <share>', 'share of the photos', parseShare('--test'), DEFAULTS.test)
    .action(async ({ by, method, validation, test, ...options }: SplitCommandOptions) => {
      if (validation + test >= 1)
        throw usageError('Expected --validation and --test to leave some photos to train on');
      await runFilter(options, environment, async function* (rows, context) {
        const photos = runStage(readRecords('labelled photo'), rows, context);
        for await (const sample of runStage(split({ by, method, validation, test }), photos, context)) {
          yield sampleRecord(sample);
        }
      });
    });
};
