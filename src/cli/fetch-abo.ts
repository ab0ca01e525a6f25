import { resolve } from 'node:path';
import { ABO_ATTRIBUTION, attributionText } from '../attribution.js';
import { eventBus } from '../events.js';
import { webAddress } from '../http.js';
import type { FetchedAbo } from '../steps/fetch-abo.js';
import { parseInteger } from './arguments.js';
import { bytes } from './bytes.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

interface FetchAboOptions {
  out: string;
  limit?: number;
  originals?: boolean;
  retry?: boolean;
  from?: string;
  parallel: number;
  quiet?: boolean;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline fetch abo --limit 1000 --out dump', 'the first thousand listings with their photos'],
  ['pipeline fetch abo --out dump', 'all of it, as archives that --source takes'],
  ['pipeline fetch abo --out dump --from https://host/abo', 'from a mirror'],
);

/** `pipeline fetch abo`. */
export const fetchAboCommand: CommandDefinition = (fetch, { signal, goesOn }) => {
  fetch
    .command('abo')
    .description(
      'Downloads Amazon Berkeley Objects: listings, image table, photos (3.3 GB); what is there is only checked',
    )
    .addHelpText('after', EXAMPLES)
    .requiredOption('--out <dir>', 'the dump, as --source takes it; made where absent')
    .option(
      '--limit <n>',
      'the first listings with just their photos; without it, all of them as archives',
      parseInteger('--limit', 1),
    )
    .option('--originals', 'photos at full size (110 GB, all of them) instead of at most 256 pixels a side')
    .option('--retry', 'with --limit: asks again for photos that were missing or damaged at the server')
    .option('--from <url>', 'a mirror: it has the files under the same paths as the publisher')
    .option('--parallel <n>', 'downloads at once', parseInteger('--parallel', 1), 16)
    .option('-q, --quiet', 'no progress on stderr')
    .option('--json', 'print one JSON document')
    .action(async ({ out, from, quiet, json, ...options }: FetchAboOptions) => {
      if (options.retry && options.limit === undefined)
        throw usageError(
          'Expected --retry only with --limit',
          'The archives hold all photos that there are.',
        );
      const address =
        from === undefined ? undefined : webAddress(from, '--from', 'Such as https://host/abo.');
      goesOn();
      const { fetchAbo } = await import('../steps/fetch-abo.js');
      const events = eventBus();
      const progress = showProgress(events, { quiet: quiet ?? false });
      try {
        const fetched = await fetchAbo({ ...options, folder: resolve(out), from: address, events, signal });
        progress.stop();
        const text = json
          ? `${JSON.stringify({ ...fetched, attribution: ABO_ATTRIBUTION }, null, 2)}\n`
          : printable(`${describe(fetched)}\n${attributionText()}\n`);
        process.stdout.write(text);
      } finally {
        progress.stop();
      }
    });
};

function describe({ folder, archives, part }: FetchedAbo): string {
  const files = (archives ?? []).map(
    (file) => `${file.path}: ${file.downloaded ? 'downloaded' : 'was there'}, ${bytes(file.bytes)}`,
  );
  if (part === undefined) return [...files, `The dump is ready: --source ${folder}`].join('\n');
  const { listings, images, downloaded, there, missing, damaged, unknown } = part;
  const fates = Object.entries({
    downloaded,
    'were there': there,
    missing: missing.length,
    damaged: damaged.length,
    'not in the image table': unknown,
  }).flatMap(([fate, count]) => (count > 0 ? [`${count} ${fate}`] : []));
  const photos = `${images} images${fates.length > 0 ? ` (${fates.join(', ')})` : ''}`;
  return `${listings} listings with ${photos}\nThe dump is ready: --source ${folder}`;
}
