import { Option } from 'commander';
import { explode } from '../stages/explode.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';

const EXAMPLES = examples([
  'pipeline explode --views main < listings.jsonl > views.jsonl',
  'each listing’s main image alone',
]);

export const explodeCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'explode', 'Listings → views: one record an (image, listing) pair', EXAMPLES)
    .addOption(new Option('--views <which>', 'whose images').choices(['all', 'main']).default('all'))
    .action(({ views, ...options }: FilterOptions & { views: 'all' | 'main' }) =>
      runStageFilter(options, environment, 'listing', explode({ views })),
    );
};
