import { listingThreads } from '../listings/threads.js';
import type { Recipe } from '../recipe.js';
import type { Listing, Photo } from '../records.js';
import type { ImageRow, RefuseRow, Source } from '../sources/source.js';
import { type RunContext, runStage } from '../stage.js';
import { type DeduplicateOptions, deduplicate } from '../stages/deduplicate.js';
import { explode } from '../stages/explode.js';
import { join } from '../stages/join.js';
import { parse } from '../stages/parse.js';
import { collect } from '../streams.js';
import { withAttributes } from './asserted-attributes.js';

/**
 * A dump's photos: parse → explode → join → deduplicate, as the recipe says.
 * @param options.tasks those whose attributes listings must have.
 * @param options.photos how they are read, where that is not the recipe's to say.
 * @param options.listings sees the parsed listings on their way, and `images` the rows of the image table.
 * @throws {PipelineError} `RECIPE_INVALID` where no listing has a task's attribute, before any photo is looked into; and
 * whatever the stages throw.
 */
export async function dumpPhotos(
  options: {
    recipe: Recipe;
    tasks: readonly string[];
    source: Source;
    context: RunContext;
    photos?: Recipe['source']['photos'];
    listings?: (parsed: AsyncIterable<Listing>) => AsyncIterable<Listing>;
    images?: (rows: AsyncIterable<ImageRow>) => AsyncIterable<ImageRow>;
  } & Pick<DeduplicateOptions, 'groups' | 'pruned' | 'previous'>,
): Promise<Photo[]> {
  const { recipe, tasks, source, context, photos = recipe.source.photos, ...more } = options;
  const { listings = (parsed) => parsed, images = (rows) => rows, ...told } = more;
  const { views, conflicts, language, deduplicate: duplicates } = recipe;
  const { signal, workers } = context;
  const threads = listingThreads({ workers });
  const rows = runStage(parse(), source.rows(signal, threads.cut), context);
  const parsed = listings(withAttributes(rows, { recipe, tasks }));
  const exploded = runStage(explode({ views }), parsed, context);
  const table = (refuse: RefuseRow) => images(source.images(signal, refuse));
  const joined = runStage(join({ images: table, imagesRoot: source.imagesRoot, photos }), exploded, context);
  const stage = deduplicate({ photos, conflicts, language, ...duplicates, ...told });
  return collect(runStage(stage, joined, context)).finally(threads.close);
}
