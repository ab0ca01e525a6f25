import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventBus } from '../events.js';
import { openRunFolder, readManifest, removeOutput } from '../run.js';
import { type CommandDefinition, usageError } from './command.js';

/** What a step may write into a run folder; anything else in it is the user's and is never touched. */
const OURS =
  /^(cache-\d+-|features-|samples-|metrics-|predictions-|model$|photos\.parquet$|duplicates\.jsonl$|.*\.unfinished$)/;

export const cleanCommand: CommandDefinition = (program) => {
  program
    .command('clean')
    .argument('<run>', 'a run folder')
    .description('Removes outputs of a run folder that no current step uses')
    .option('--dry-run', 'only say what would be removed')
    .action(async (path: string, { dryRun }: { dryRun?: boolean }) => {
      const steps = Object.values(await readManifest(path));
      if (steps.length === 0) throw usageError(`Expected a run folder but ${path} has no manifest`);
      const run = await openRunFolder(path, eventBus());
      try {
        const used = new Set(steps.flatMap(({ outputs }) => outputs.map((output) => output.split('/')[0]!)));
        const unused = (await readdir(path)).filter((name) => OURS.test(name) && !used.has(name));
        for (const name of unused) {
          if (!dryRun) await removeOutput(path, name);
          process.stdout.write(`${dryRun ? 'would remove' : 'removed'} ${join(path, name)}\n`);
        }
        if (unused.length === 0) process.stdout.write('nothing to remove\n');
      } finally {
        run.close();
      }
    });
};
