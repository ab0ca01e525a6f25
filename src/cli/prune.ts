import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PrunedCache, PruneRequest } from '../steps/prune.js';
import { collect } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { withProgress } from './progress.js';

interface PruneOptions extends Pick<PruneRequest, 'compact' | 'dryRun'> {
  run: string[];
  photo: string[];
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline prune RUN --dry-run', 'what a run’s caches hold that it does not use any more'],
  [
    'pipeline prune CACHES --run RUN --run OTHER --compact',
    'takes out what neither run uses, and gives the room back',
  ],
);

export const pruneCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('prune')
    .argument('<path>', 'a tensor cache, a run folder, or another folder of caches')
    .description('Takes photos out of tensor caches: those that no run uses any more, or named ones')
    .addHelpText('after', EXAMPLES)
    .option(
      '--run <dir>',
      'keep what this run’s samples name (repeatable; default: a run folder’s own)',
      collect,
      [],
    )
    .option('--photo <sha256>', 'take out the photo whose file has this sha256 (repeatable)', collect, [])
    .option('--compact', 'then rewrite the caches, which gives the room back to the disk', false)
    .option('--dry-run', 'only say what would be taken out', false)
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (path: string, { run, photo, json, quiet, ...options }: PruneOptions) => {
      for (const sha256 of photo) {
        if (!/^[0-9a-f]{64}$/.test(sha256)) {
          throw usageError(
            `Expected a sha256 in hex for --photo but received "${sha256}"`,
            'sha256sum prints it.',
          );
        }
      }
      const isRun = (folder: string) => existsSync(join(folder, 'manifest.json'));
      const runs = run.length === 0 && photo.length === 0 && isRun(path) ? [path] : run;
      for (const folder of runs) if (!isRun(folder)) throw usageError(`Expected a run folder at ${folder}`);
      if (runs.length === 0 && photo.length === 0) {
        throw usageError(
          'Expected --run or --photo',
          '--run keeps what a run uses, --photo names what goes.',
        );
      }
      const { prune } = await import('../steps/prune.js');
      const pruned = await withProgress(quiet, (events) =>
        prune({ ...options, path, runs, photos: new Set(photo), signal, events }),
      );
      if (pruned.length === 0) throw usageError(`Expected a tensor cache at ${path} or in it`);
      const text = pruned.map((cache) => describe(cache, options.dryRun)).join('');
      process.stdout.write(json ? `${JSON.stringify(pruned, null, 2)}\n` : text);
    });
};

function describe({ cache, kind, photos, sampleSets, left, foreign }: PrunedCache, dryRun: boolean): string {
  const name = kind === 'pixels' ? 'photos' : 'vectors';
  const sets = sampleSets > 0 ? ` and ${sampleSets} ${sampleSets === 1 ? 'set' : 'sets'} of samples` : '';
  const note = foreign ? ' (no samples of these runs: left as it is)' : '';
  return `${cache}: ${dryRun ? 'would take out' : 'took out'} ${photos} ${name}${sets}, ${left} left${note}\n`;
}
