import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { fetchAboCommand } from './fetch-abo.js';
import { fetchWeightsCommand } from './fetch-weights.js';

const EXAMPLES = examples(
  ['pipeline fetch abo --limit 1000 --out dump', 'a part of ABO, photos included'],
  ['pipeline fetch weights vgg16', 'what a recipe’s pretrained network needs'],
);

export const fetchCommand: CommandDefinition = (program, context) => {
  const fetch = program
    .command('fetch')
    .description('Downloads what is published elsewhere')
    .addHelpText('after', EXAMPLES);
  fetchAboCommand(fetch, context);
  fetchWeightsCommand(fetch, context);
};
