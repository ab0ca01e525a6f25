import { balance } from '../stages/balance.js';
import { parseInteger } from './arguments.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';

const EXAMPLES = examples([
  'pipeline balance --cap 200 < labelled.jsonl > balanced.jsonl',
  'at most 200 photos a class',
]);

export const balanceCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'balance', 'Labelled photos → at most so many a class, by a seeded draw', EXAMPLES)
    .option('--cap <n>', 'at most this many photos a class', parseInteger('--cap', 1))
    .action(({ cap, ...options }: FilterOptions & { cap?: number }) =>
      runStageFilter(options, environment, 'labelled photo', balance(cap === undefined ? {} : { cap })),
    );
};
