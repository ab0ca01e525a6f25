import { eventBus } from '../events.js';
import { synthesize } from '../synth/dump.js';
import { parseInteger } from './arguments.js';
import type { CommandDefinition } from './command.js';
import { showProgress } from './progress.js';

interface SynthCommandOptions {
  out: string;
  listings: number;
  seed: number;
  workers?: number;
  quiet?: boolean;
  json?: boolean;
}

export const synthCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('synth')
    .description("Draws a synthetic dump in ABO's layout, with a truth file")
    .requiredOption('--out <dir>', 'an empty folder, or an older synthetic dump to replace')
    .requiredOption('--listings <n>', 'rows to write', parseInteger('--listings', 1))
    .option('--seed <n>', 'seed of every draw', parseInteger('--seed', 0), 1)
    .option('--workers <n>', 'products drawn at once', parseInteger('--workers', 1))
    .option('-q, --quiet', 'no progress on stderr')
    .option('--json', 'print what was written as one JSON document')
    .action(async ({ out, listings, seed, workers, quiet, json }: SynthCommandOptions) => {
      const events = eventBus();
      const progress = showProgress(events, { quiet: quiet ?? false });
      try {
        const { kind: _, ...totals } = await synthesize({
          out,
          listings,
          seed,
          signal,
          events,
          ...(workers !== undefined && { workers }),
        });
        if (json)
          process.stdout.write(`${JSON.stringify({ out, synthetic: true, seed, ...totals }, null, 2)}\n`);
        else {
          const { products, tableRows } = totals;
          process.stdout.write(
            `${out}: a synthetic dump of ${listings} listings, ${products} products and ${tableRows} images\n`,
          );
        }
      } finally {
        progress.stop();
      }
    });
};
