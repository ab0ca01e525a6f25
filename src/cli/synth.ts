import { availableParallelism } from 'node:os';
import { eventBus } from '../events.js';
import { parseInteger } from './arguments.js';
import type { CommandDefinition } from './command.js';
import { showProgress } from './progress.js';

interface SynthCommandOptions {
  out: string;
  listings: number;
  seed: number;
  workers?: number;
  json?: boolean;
  quiet?: boolean;
}

export const synthCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('synth')
    .description('Draws a synthetic dump in ABO’s layout, with everything that real ones have')
    .requiredOption('--out <dir>', 'the dump’s folder')
    .option('--listings <n>', 'listing rows', parseInteger('--listings', 1), 600)
    .option('--seed <n>', 'another seed draws another dump', parseInteger('--seed', 0), 1)
    .option('--workers <n>', 'products drawn at once', parseInteger('--workers', 1))
    .option('--json', 'print what was drawn as JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(
      async ({ workers = availableParallelism(), json, quiet = false, ...options }: SynthCommandOptions) => {
        const { synthesize } = await import('../synth/dump.js');
        const events = eventBus();
        const progress = showProgress(events, { quiet });
        try {
          const truth = await synthesize({ ...options, workers: 2 * workers, signal, events });
          progress.stop();
          const { rows, images, products } = truth;
          process.stdout.write(
            json
              ? `${JSON.stringify(truth)}\n`
              : `${options.out}: ${rows} listings of ${products} drawn products, ${images} images\n`,
          );
        } finally {
          progress.stop();
        }
      },
    );
};
