import { Option } from 'commander';
import { type EventBus, eventBus } from '../events.js';
import { synthesizeAbo } from '../synth/abo/dump.js';
import { synthesize } from '../synth/dump.js';
import { parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { showProgress } from './progress.js';

const SHAPES = ['photos', 'abo'] as const;
type Shape = (typeof SHAPES)[number];

interface SynthCommandOptions {
  out: string;
  shape: Shape;
  listings?: number;
  seed: number;
  workers?: number;
  quiet?: boolean;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline synth --out DUMP --listings 1500', 'a dump with drawn photos'],
  ['pipeline synth --shape abo --out DUMP', 'as many listings and images as ABO, without photos'],
);

export const synthCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('synth')
    .description("Draws a synthetic dump in ABO's layout, with a truth file")
    .addHelpText('after', EXAMPLES)
    .requiredOption('--out <dir>', 'an empty folder, or an older synthetic dump to replace')
    .addOption(
      new Option(
        '--shape <shape>',
        "photos: drawn product photos; abo: no photos, ABO's own numbers of listings, images, views and types",
      )
        .choices(SHAPES)
        .default('photos'),
    )
    .option(
      '--listings <n>',
      "rows to write; with --shape abo ABO's 147702 without it",
      parseInteger('--listings', 1),
    )
    .option('--seed <n>', 'seed of every draw', parseInteger('--seed', 0), 1)
    .option('--workers <n>', 'products drawn at once', parseInteger('--workers', 1))
    .option('-q, --quiet', 'no progress on stderr')
    .option('--json', 'print what was written as one JSON document')
    .action(async ({ quiet, json, ...options }: SynthCommandOptions) => {
      const events = eventBus();
      const progress = showProgress(events, { quiet: quiet ?? false });
      try {
        const { kind: _, ...totals } = await draw(options, { signal, events });
        const { out, shape, seed } = options;
        if (json)
          process.stdout.write(
            `${JSON.stringify({ out, shape, synthetic: true, seed, ...totals }, null, 2)}\n`,
          );
        else {
          const { listings, products, tableRows } = totals;
          process.stdout.write(
            `${out}: a synthetic dump of ${listings} listings, ${products} products and ${tableRows} images\n`,
          );
        }
      } finally {
        progress.stop();
      }
    });
};

function draw(
  { out, shape, listings, seed, workers }: Omit<SynthCommandOptions, 'quiet' | 'json'>,
  context: { signal: AbortSignal; events: EventBus },
) {
  const given = { out, seed, ...context };
  if (shape === 'abo') return synthesizeAbo({ ...given, ...(listings !== undefined && { listings }) });
  if (listings === undefined)
    throw usageError(
      'Expected --listings with drawn photos',
      '1500 of them take some seconds; --shape abo draws as many as ABO has, without photos.',
    );
  return synthesize({ ...given, listings, ...(workers !== undefined && { workers }) });
}
