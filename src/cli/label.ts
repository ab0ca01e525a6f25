import { label } from '../stages/label.js';
import { parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';

interface LabelCommandOptions extends FilterOptions {
  task: string;
  attribute?: string;
  minPerClass: number;
  drop: string[];
  merge: string[];
  select?: string[];
}

export const labelCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'label', 'Photos → labelled photos of one task')
    .requiredOption('--task <name>', 'the attribute to learn, such as product_type')
    .option('--attribute <name>', 'the attribute, where it is not the task’s name')
    .option(
      '--min-per-class <n>',
      'classes with fewer photos are dropped',
      parseInteger('--min-per-class', 0),
      1,
    )
    .option('--drop <labels...>', 'labels that are left out', [])
    .option('--merge <pairs...>', 'labels that become another: FROM=INTO', [])
    .option('--select <labels...>', 'only these labels')
    .action(({ task, attribute, minPerClass, drop, merge, select, ...options }: LabelCommandOptions) => {
      const stage = label({
        task,
        minPerClass,
        drop,
        merge: Object.fromEntries(merge.map(mergePair)),
        ...(attribute !== undefined && { attribute }),
        ...(select !== undefined && { select }),
      });
      return runStageFilter(options, environment, stage);
    });
};

function mergePair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw usageError(`Expected FROM=INTO for --merge but received "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
