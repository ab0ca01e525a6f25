import type { Command } from 'commander';
import { createProgram } from '#src/cli/program.js';
import { visibleCommands } from '#src/cli/usage.js';

/** The command line, ready to parse; its commands do what they do. */
export const program = () =>
  createProgram({
    signal: new AbortController().signal,
    allowToEnd: () => {},
    goesOn: () => {},
  });

/** A command and all below it that do something themselves. */
export function workingCommands(parent: Command): Command[] {
  return visibleCommands(parent).flatMap((command) =>
    command.commands.length === 0 ? [command] : workingCommands(command),
  );
}

/** What a command's help prints. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

/** The commands of a help's examples: each that a shell would run, with the words that it gets. */
export function exampleCommands(help: string): string[][] {
  const lines = help.split('Examples:\n')[1]?.split('\n') ?? [];
  return (
    lines
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      // What is run within another command, and what is piped into the next.
      .flatMap((line) => (/\$\((.*)\)/.exec(line)?.[1] ?? line).split(' | '))
      .map(wordsOf)
  );
}

/** As a shell cuts them, without what goes to and comes from files. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const redirected = words.findIndex((word) => word === '<' || word === '>');
  return redirected < 0 ? words : words.slice(0, redirected);
}
