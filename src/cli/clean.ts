import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventBus } from '../events.js';
import { openRunFolder, readManifest } from '../run.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';

/** What a step may write into a run folder; anything else in it is the user's and is never touched. */
const OURS =
  /^(cache-\d+-\w+|features-\w+|samples-.*|predictions-.*|photos\.parquet|duplicates\.jsonl|.*\.unfinished)$/;
/** Folders that hold one output each entry. */
const SHELVES = ['model', 'ledgers', 'history'];

const EXAMPLES = examples(['pipeline clean RUN --dry-run', 'what would be removed']);

export const cleanCommand: CommandDefinition = (program) => {
  program
    .command('clean')
    .argument('<run>', 'a run folder')
    .description('Removes outputs of a run folder that no current step uses')
    .addHelpText('after', EXAMPLES)
    .option('--dry-run', 'only say what would be removed', false)
    .option('--json', 'print JSON')
    .action(async (path: string, { dryRun, json }: { dryRun: boolean; json?: boolean }) => {
      if (Object.keys((await readManifest(path)).steps).length === 0) {
        throw usageError(
          `Expected a run folder but ${path} has no manifest`,
          'It is what a run was given as --out: the folder with manifest.json and report.html.',
        );
      }
      const run = await openRunFolder(path, eventBus());
      try {
        if (!dryRun) await run.forgetOthers();
        const unused = await unusedOutputs(path);
        for (const name of unused) {
          if (!dryRun) await rm(join(path, name), { recursive: true, force: true });
          if (!json) process.stdout.write(`${dryRun ? 'would remove' : 'removed'} ${join(path, name)}\n`);
        }
        if (json) {
          process.stdout.write(`${JSON.stringify({ run: path, dryRun, outputs: unused }, null, 2)}\n`);
        } else if (unused.length === 0) process.stdout.write('nothing to remove\n');
      } finally {
        run.close();
      }
    });
};

/** What steps wrote that no current step has among its outputs. */
async function unusedOutputs(path: string): Promise<string[]> {
  const { steps, current } = await readManifest(path);
  const used = Object.entries(steps)
    .filter(([name]) => current.length === 0 || current.includes(name))
    .flatMap(([, { outputs }]) => outputs);
  const entries = async (folder: string) => readdir(join(path, folder)).catch((): string[] => []);
  const shelved = await Promise.all(
    SHELVES.map(async (shelf) => (await entries(shelf)).map((name) => `${shelf}/${name}`)),
  );
  const candidates = [...(await entries('')).filter((name) => OURS.test(name)), ...shelved.flat()];
  return candidates.filter((name) => {
    // A history goes with its model.
    const kept = name.replace(/^history\//, 'model/');
    return !used.some((output) => output === kept || output.startsWith(`${kept}/`));
  });
}
