import type { CommandDefinition } from './main.js';

/** Every command, in the order of the help. A new command is one new file and one line here. */
export const commands: readonly CommandDefinition[] = [];
