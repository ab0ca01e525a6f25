import type { CommandDefinition } from './command.js';
import { fetchAboCommand } from './fetch-abo.js';
import { fetchWeightsCommand } from './fetch-weights.js';

export const fetchCommand: CommandDefinition = (program, context) => {
  const fetch = program.command('fetch').description('Downloads what is published elsewhere');
  fetchAboCommand(fetch, context);
  fetchWeightsCommand(fetch, context);
};
