import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Option } from 'commander';
import { EXPORT_FORMATS } from '../exported.js';
import type { ExportRequest } from '../steps/export.js';
import { parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';

type ExportCommandOptions = Omit<ExportRequest, 'cache' | 'signal'> & { json?: boolean };

export const exportCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('export')
    .argument('<cache>', 'a pixel cache: a folder with data.mdb')
    .description('A tensor cache’s photos, labels and sides → another format')
    .addOption(new Option('--format <name>', 'what to write').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption('--out <dir>', 'the folder to write')
    .option('--task <task[/hash]>', 'whose samples, where the cache has several')
    .addOption(new Option('--image <name>', 'how photos are encoded (default: png)').choices(['png', 'jpg']))
    .option('--shard-size <n>', 'most photos of a shard (default: 1000)', parseInteger('--shard-size', 1))
    .option(
      '--workers <n>',
      'photos encoded at once, as many as there are cores',
      parseInteger('--workers', 1),
      availableParallelism(),
    )
    .option('--json', 'print JSON')
    .action(async (cache: string, { json, ...options }: ExportCommandOptions) => {
      if (!existsSync(join(cache, 'data.mdb'))) throw usageError(`Expected a tensor cache at ${cache}`);
      const { exportCache } = await import('../steps/export.js');
      const summary = await exportCache({ ...options, cache, signal });
      const { out, samples, task, sides } = summary;
      const parts = Object.entries(sides).map(([side, count]) => `${side} ${count}`);
      process.stdout.write(
        json
          ? `${JSON.stringify(summary, null, 2)}\n`
          : `${out}: ${samples} photos of ${task} (${parts.join(', ')})\n`,
      );
    });
};
