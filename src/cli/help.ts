import type { Command } from 'commander';
import { didYouMean } from '../edit-distance.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { nameOf, visibleCommands } from './usage.js';

export const helpCommand: CommandDefinition = (program) => {
  program
    .command('help')
    .argument('[command...]', 'a command, such as train, or fetch weights')
    .description('Shows what a command does, its options, and examples')
    .addHelpText(
      'after',
      examples(
        ['pipeline help', 'all commands'],
        ['pipeline help fetch weights', 'one of them, and one of its own'],
      ),
    )
    .action((words: string[]) => words.reduce(commandIn, program).outputHelp());
};

function commandIn(parent: Command, word: string): Command {
  const commands = visibleCommands(parent);
  const found = commands.find((command) => command.name() === word);
  if (found !== undefined) return found;
  const names = commands.map((command) => command.name());
  throw usageError(
    `Expected a command but received "${word}"`,
    [didYouMean(word, names), `\`${nameOf(parent)} --help\` lists the commands.`].filter(Boolean).join(' '),
  );
}
