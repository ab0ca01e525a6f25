import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outputFile } from '../folder.js';
import type { Recipe } from '../recipe.js';
import { loadRecipe } from '../recipe-file.js';
import { writeWholeFile } from '../whole-file.js';
import { collect, parseInteger } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';

interface PreviewOptions {
  recipe: string;
  set: string[];
  cache: string;
  out: string;
  photos: number;
  views: number;
  size?: number;
  seed?: number;
  json?: boolean;
}

const EXAMPLES = examples([
  'pipeline preview --recipe recipes/demo.yaml --cache RUN --out sheet.png --set augmentation.rotation=0.2',
  'what a rotation does to eight photos',
]);

export const previewCommand: CommandDefinition = (program) => {
  program
    .command('preview')
    .description('Cached photos beside their augmented views → a contact sheet (PNG)')
    .addHelpText('after', EXAMPLES)
    .requiredOption('--recipe <file>', 'the YAML file whose augmentation is shown')
    .requiredOption('--cache <dir>', 'a pixel cache, or a run folder or other folder that has the recipe’s')
    .requiredOption('--out <file>', 'where the PNG goes')
    .option('--set <path=value>', 'overrides a value of the recipe (repeatable)', collect, [])
    .option('--photos <n>', 'rows: photos by a seeded draw', parseInteger('--photos', 1), 8)
    .option('--views <n>', 'columns: views of as many epochs', parseInteger('--views', 1), 7)
    .option(
      '--size <pixels>',
      'height and width of a photo (default: the cache’s)',
      parseInteger('--size', 8),
    )
    .option('--seed <n>', 'of the draws (default: the recipe’s)', parseInteger('--seed', 0))
    .option('--json', 'print JSON')
    .action(async ({ out, photos, views, size, json, ...options }: PreviewOptions) => {
      const recipe = await loadRecipe(options.recipe, options.set);
      const { openCache } = await import('../sinks/tensor-cache/open.js');
      const { contactSheet } = await import('../sinks/contact-sheet.js');
      const path = await cachePath(options.cache, recipe);
      outputFile(out);
      const cache = openCache(path);
      try {
        const { png, keys } = await contactSheet(cache, {
          augmentation: recipe.augmentation ?? {},
          seed: options.seed ?? recipe.seed,
          photos,
          views,
          ...(size !== undefined && { size: { width: size, height: size } }),
        });
        await writeWholeFile(out, png);
        const found = { out, cache: cache.path, photos: keys.length, views, keys: [...keys] };
        process.stdout.write(
          json
            ? `${JSON.stringify(found, null, 2)}\n`
            : `${out}: ${keys.length} photos, each with ${views} views\n`,
        );
        if (recipe.augmentation === undefined) process.stderr.write('The recipe augments nothing.\n');
      } finally {
        await cache.close();
      }
    });
};

/** The cache itself, or the one that the recipe names in a folder. */
async function cachePath(path: string, recipe: Recipe): Promise<string> {
  if (existsSync(join(path, 'data.mdb'))) return path;
  const { cacheName, recipePixels } = await import('../steps/cache.js');
  const named = join(path, cacheName(recipePixels(recipe)));
  if (existsSync(join(named, 'data.mdb'))) return named;
  throw usageError(`Expected a tensor cache at ${path} or ${named}`, '`pipeline cache` builds one.');
}
