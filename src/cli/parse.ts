import { runStage } from '../stage.js';
import { parse } from '../stages/parse.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runFilter } from './filter.js';

const EXAMPLES = examples([
  'zcat DUMP/listings/metadata/*.json.gz | pipeline parse > listings.jsonl',
  'a dump’s rows, without those that are none',
]);

export const parseCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'parse', 'Listing rows (JSON lines) → listings', EXAMPLES).action(
    (options: FilterOptions) =>
      runFilter(options, environment, (rows, context) => runStage(parse(), rows, context)),
  );
};
