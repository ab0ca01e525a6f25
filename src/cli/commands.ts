import { balanceCommand } from './balance.js';
import { cleanCommand } from './clean.js';
import { deduplicateCommand } from './deduplicate.js';
import { explodeCommand } from './explode.js';
import { joinCommand } from './join.js';
import { labelCommand } from './label.js';
import type { CommandDefinition } from './main.js';
import { parseCommand } from './parse.js';
import { schemaCommand } from './schema.js';
import { splitCommand } from './split.js';

/** Every command, in the order of the help. A new command is one new file and one line here. */
export const commands: readonly CommandDefinition[] = [
  parseCommand,
  explodeCommand,
  joinCommand,
  deduplicateCommand,
  labelCommand,
  balanceCommand,
  splitCommand,
  cleanCommand,
  schemaCommand,
];
