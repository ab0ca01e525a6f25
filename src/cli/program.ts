import { Command, Help, type Option } from 'commander';
import { VERSION } from '../package.js';
import { hasColours, painted } from './colours.js';
import type { CommandEnvironment } from './command.js';
import { commands } from './commands.js';
import { examples } from './examples.js';
import { assertPaths } from './paths.js';

/**
 * The command line, ready to parse; what it does not understand it throws as commander's error, without a word.
 * @param first of the words to parse: where it names a command, it has that one alone.
 */
export async function createProgram(environment: CommandEnvironment, first?: string): Promise<Command> {
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
    .addHelpText('after', EXAMPLES)
    .hook('preAction', (_, command) => assertPaths(command));
  const alone = isCommand(first);
  for (const [heading, group] of Object.entries(commands)) {
    root.commandsGroup(`${heading}:`);
    for (const [name, load] of Object.entries(group)) {
      if (alone && name !== first) continue;
      const define = await load();
      define(root, environment);
    }
  }
  for (const group of root.commands) group.helpCommand(false);
  return root;
}

/** Whether a word names a command that needs to know of no other. */
function isCommand(word: string | undefined): boolean {
  const names = Object.values(commands).flatMap((group) => Object.keys(group));
  return word !== undefined && word !== 'help' && names.includes(word);
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
