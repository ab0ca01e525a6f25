import type { AddHelpTextContext } from 'commander';
import { painted } from './colours.js';

/** A command line as one types it, and what it does. */
export type Example = readonly [command: string, does: string];

/** What a command's help ends with. */
export type HelpText = (context: AddHelpTextContext) => string;

/** Examples as a command's help ends with them, for `addHelpText('after', …)`. */
export function examples(...list: readonly Example[]): HelpText {
  return ({ error }) => {
    const screen = error ? process.stderr : process.stdout;
    const lines = list.map(([command, does]) => `  ${painted(`# ${does}`, 'dim', screen)}\n  ${command}`);
    return `\n${painted('Examples:', 'bold', screen)}\n${lines.join('\n\n')}`;
  };
}
