import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import { EXPORT_FORMATS, type ExportFormat } from '../exported.js';
import { parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { withProgress } from './progress.js';

interface ImportCommandOptions {
  format: ExportFormat;
  cache: string;
  workers: number;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples([
  'pipeline import SHARDS --format webdataset --cache CACHES',
  'the cache again that was exported',
]);

export const importCommand: CommandDefinition = (program, { signal, goesOn }) => {
  program
    .command('import')
    .argument('<path>', 'a folder that export wrote')
    .description('What export wrote, without loss → the tensor cache again')
    .addHelpText('after', EXAMPLES)
    .addOption(new Option('--format <name>', 'what to read').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption('--cache <dir>', 'where caches lie; the cache’s identity names its folder there')
    .option(
      '--workers <n>',
      'photos decoded at once, as many as there are cores',
      parseInteger('--workers', 1),
      availableParallelism(),
    )
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (path: string, { json, quiet, cache: root, ...options }: ImportCommandOptions) => {
      if (!existsSync(path)) throw usageError(`Expected exported photos at ${path}`);
      goesOn();
      const { importCache } = await import('../steps/import.js');
      const summary = await withProgress(quiet, (events) =>
        importCache({ ...options, path, root, signal, events }),
      );
      const { cache, records, samples, task, digest } = summary;
      process.stdout.write(
        json
          ? `${JSON.stringify(summary, null, 2)}\n`
          : `${cache}: ${records} photos, ${samples} samples of ${task}\ndigest ${digest}\n`,
      );
    });
};
