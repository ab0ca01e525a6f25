import { Command, Help, type Option } from 'commander';
import { VERSION } from '../package.js';
import { hasColours, painted } from './colours.js';
import type { CommandEnvironment } from './command.js';
import { commands } from './commands.js';
import { examples } from './examples.js';

/** The whole command line, ready to parse; what it does not understand it throws as commander's error, without a word. */
export function createProgram(environment: CommandEnvironment): Command {
  const root = new Command('pipeline')
    .description('Turns a raw product catalogue into trained photo classifiers.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      outputError: () => {},
      getOutHasColors: () => hasColours(process.stdout),
      getErrHasColors: () => hasColours(process.stderr),
    })
    // Commander takes styles out again where the stream has none.
    .configureHelp({ optionDescription, styleTitle: (title) => painted(title, 'bold', { isTTY: true }) })
    .addHelpText('after', EXAMPLES);
  for (const [heading, group] of Object.entries(commands)) {
    root.commandsGroup(`${heading}:`);
    for (const define of group) define(root, environment);
  }
  for (const group of root.commands) group.helpCommand(false);
  return root;
}

const EXAMPLES = examples(
  ['pipeline synth --out DUMP --listings 1500', 'a small dump to try things with'],
  ['pipeline run --recipe recipes/demo.yaml --source DUMP --out RUN', 'from the dump to RUN/report.html'],
  ['pipeline help train', 'what a command does, its options, and examples'],
);

/** An option that may be repeated is none where it is not given: commander would show its empty list. */
function optionDescription(this: Help, option: Option): string {
  const none = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return none ? option.description : Help.prototype.optionDescription.call(this, option);
}
