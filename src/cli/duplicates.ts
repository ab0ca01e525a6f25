import { createContext, type ResourceOptions } from '../context.js';
import { recipeSchema } from '../recipe.js';
import type { DuplicateGroup } from '../stages/deduplicate.js';
import type { FoundDuplicates } from '../steps/duplicates.js';
import { parseInteger } from './arguments.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { parseGrounds } from './grounds.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

const { same: SAME } = recipeSchema.shape.deduplicate.parse({});

interface DuplicatesOptions extends ResourceOptions {
  same: string;
  family: string;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples(
  ['pipeline duplicates ~/Pictures', 'copies among photos of any kind'],
  ['pipeline duplicates OLD NEW --same bytes --family near,crop', 'copies by bytes; crops of one shot, too'],
);

export const duplicatesCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('duplicates')
    .argument('<dir...>', 'folders of photos, with all folders in them')
    .description('Photos in any folders that are the same picture, or of one family')
    .addHelpText('after', EXAMPLES)
    .option('--same <grounds>', 'grounds on which photos are one picture, by comma', SAME.join(','))
    .option('--family <grounds>', 'grounds on which photos are of one family, by comma', 'near')
    .option('--workers <n>', 'threads for pixel work', parseInteger('--workers', 1))
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (folders: string[], { json, quiet, same, family, ...resources }: DuplicatesOptions) => {
      const grounds = parseGrounds(same, family);
      const { photosIn } = await import('../sources/photo-folders.js');
      const { findDuplicates } = await import('../steps/duplicates.js');
      // Other people's folders hold what they hold: what cannot be read is counted, and never stops the search.
      const context = createContext({ ...resources, maxBad: 1 }, { signal });
      const progress = showProgress(context.events, { quiet: quiet ?? false, verbose: false });
      try {
        const found = await findDuplicates(await photosIn(folders, signal), grounds, context);
        progress.stop();
        process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : printable(describe(found)));
      } finally {
        progress.stop();
      }
    });
};

const TITLES: Record<DuplicateGroup['relation'], string> = { same: 'Same picture', family: 'Same family' };

function describe({ groups, photos, unreadable }: FoundDuplicates): string {
  const lines = groups.flatMap(({ relation, representative, images, pairs }) => [
    `${TITLES[relation]}: ${images.length} photos (${[...new Set(pairs.map(({ ground }) => ground))].join(', ')})`,
    ...images.map((image) => `${image === representative ? '  * ' : '    '}${image}`),
    '',
  ]);
  const same = groups.filter(({ relation }) => relation === 'same');
  const spare = same.reduce((sum, { images }) => sum + images.length - 1, 0);
  if (unreadable.length > 0) {
    const read = unreadable.map(({ file, detail }) => `    ${file}: ${detail}`);
    lines.push('Cannot be read:', ...read, '');
  }
  const unread = unreadable.length === 0 ? '' : `; ${unreadable.length} cannot be read`;
  lines.push(
    `${photos} photos: ${spare} can be spared (${same.length} pictures have copies), ${groups.length - same.length} families${unread}`,
  );
  return `${lines.join('\n')}\n`;
}
