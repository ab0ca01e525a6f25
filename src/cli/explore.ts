import { Option } from 'commander';
import { createContext, type ResourceOptions } from '../context.js';
import type { BoilerplateLimits } from '../duplicates/boilerplate.js';
import { EXPLORATION_DEFAULTS } from '../explore/defaults.js';
import { outputFile } from '../folder.js';
import { sourceAt } from '../sources/open.js';
import { parseInteger, parseShare } from './arguments.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { BOILERPLATE_TEXT, parseBoilerplateLimits } from './grounds.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

interface ExploreCommandOptions extends ResourceOptions {
  source: string;
  task: string;
  language?: string[];
  photos: 'none' | 'hash';
  most: number;
  minPerClass: number;
  boilerplate: BoilerplateLimits;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline explore --source DUMP --out explored.html', 'what a dump holds, and a page of it'],
  ['pipeline explore --source DUMP --task color --json', 'by another label, for a program'],
);

export const exploreCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('explore')
    .description('Says what a dump holds: every key, classes, photos, conflicts, and what a recipe might do')
    .addHelpText('after', EXAMPLES)
    .requiredOption(
      '--source <dir|file>',
      'the dump’s root (folders, or ABO’s archives in it), a CSV, JSON lines, or a folder of class folders',
    )
    .option('--task <key>', 'the key whose values are the labels', 'product_type')
    .option('--language <tag,…>', 'whose values stand for a listing, by preference', (text) =>
      text.split(','),
    )
    .addOption(
      new Option('--photos <how>', 'whether files are read, for those of the same bytes')
        .choices(['none', 'hash'])
        .default('none'),
    )
    .option('--most <n>', 'how long lists are', parseInteger('--most', 1), EXPLORATION_DEFAULTS.most)
    .option(
      '--min-per-class <n>',
      'photos that a class should have',
      parseInteger('--min-per-class', 1),
      EXPLORATION_DEFAULTS.minPerClass,
    )
    .addOption(
      new Option(
        '--boilerplate <listings,types>',
        'a photo in more listings, or of more product types, is boilerplate',
      )
        .argParser(parseBoilerplateLimits)
        .default(EXPLORATION_DEFAULTS.boilerplate, BOILERPLATE_TEXT),
    )
    .option('--out <file>', 'write an HTML page, too')
    .option('--max-bad <share>', 'largest share of bad rows', parseShare('--max-bad'))
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (options: ExploreCommandOptions) => {
      const { explore } = await import('../steps/explore.js');
      const context = createContext(options, { signal });
      const progress = showProgress(context.events, { quiet: options.quiet ?? false });
      try {
        const source = await sourceAt({ path: options.source, signal, events: context.events });
        if (options.out !== undefined) outputFile(options.out);
        const found = await explore(source, context, {
          task: options.task,
          ...(options.language && { languages: options.language }),
          photos: options.photos,
          most: options.most,
          minPerClass: options.minPerClass,
          boilerplate: options.boilerplate,
        });
        progress.stop();
        if (options.out !== undefined) {
          const { writeExploration } = await import('../sinks/report/exploration.js');
          await writeExploration(options.out, found, { sourceKind: source.kind });
        }
        const { explorationText } = await import('../explore/text.js');
        process.stdout.write(
          options.json ? `${JSON.stringify(found, null, 2)}\n` : printable(explorationText(found)),
        );
      } finally {
        progress.stop();
      }
    });
};
