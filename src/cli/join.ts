import { Option } from 'commander';
import { aboSource } from '../sources/abo.js';
import { join } from '../stages/join.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';

interface JoinCommandOptions extends FilterOptions {
  source: string;
  photos: 'decode' | 'stat' | 'none';
}

const EXAMPLES = examples([
  'pipeline join --source DUMP < views.jsonl > joined.jsonl',
  'adds each photo’s file and size',
]);

export const joinCommand: CommandDefinition = (program, environment) => {
  filterCommand(
    program,
    'join',
    'Views → views with their photo’s path and size, from the image table',
    EXAMPLES,
  )
    .requiredOption('--source <dir>', 'the dump’s root (folders, or ABO’s archives in it)')
    .addOption(
      new Option('--photos <how>', 'whether the files are looked for')
        .choices(['decode', 'stat', 'none'])
        .default('decode'),
    )
    .action(async ({ source, photos, ...options }: JoinCommandOptions) => {
      const { images, imagesRoot } = await aboSource({ dir: source, signal: environment.signal });
      const stage = join({ images: (refuse) => images(environment.signal, refuse), imagesRoot, photos });
      await runStageFilter(options, environment, 'view', stage);
    });
};
