import { runStage } from '../stage.js';
import { parse } from '../stages/parse.js';
import type { CommandDefinition } from './command.js';
import { type FilterOptions, filterCommand, runFilter } from './filter.js';

export const parseCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'parse', 'Listing rows (JSON lines) → listings').action((options: FilterOptions) =>
    runFilter(options, environment, (rows, context) => runStage(parse(), rows, context)),
  );
};
