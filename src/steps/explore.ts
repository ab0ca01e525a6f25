import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import { EXPLORATION_DEFAULTS } from '../explore/defaults.js';
import {
  type DumpExploration,
  type Exploration,
  type ExplorationOptions,
  exploration,
} from '../explore/exploration.js';
import { sameBytes } from '../explore/same-bytes.js';
import { unknownKey } from '../explore/unknown-key.js';
import { hashPhotoFile } from '../photo-file.js';
import type { Recipe } from '../recipe.js';
import type { ImageRow, Source } from '../sources/source.js';
import { type RunContext, runStage } from '../stage.js';
import { parse } from '../stages/parse.js';
import { isSyntheticDump } from '../synth/truth.js';

const HASHED_AT_ONCE = 8;

/**
 * Looks at a dump: one pass over its listings, one over its image table, and with `photos: hash` one over its files.
 * @throws {PipelineError} `DUMP_EMPTY` when the dump holds no listing, `USAGE` for a task that no listing has, and
 * whatever parsing throws.
 */
export async function explore(
  source: Source,
  context: RunContext,
  options: ExplorationOptions & { photos: 'none' | 'hash' },
): Promise<Exploration> {
  const { signal } = context;
  const seen = exploration(options);
  for await (const listing of runStage(parse(), source.rows(signal), context)) seen.listing(listing);
  const files = options.photos === 'hash' ? sameBytes(options.most) : undefined;
  const rows = observedRows(source.images(signal), seen.image);
  if (files === undefined) for await (const _ of rows);
  else for await (const { imageId, hash } of hashed(rows, source, context)) files.add(imageId, hash);

  const found = seen.result();
  if (found.listings === 0) {
    throw new PipelineError('DUMP_EMPTY', 'Expected at least one listing in the dump but found none', {
      stage: 'explore',
      hint: 'A dump has listings/metadata/listings_*.json.gz.',
    });
  }
  if (found.classes.length === 0) {
    const keys = found.keys.filter(({ present }) => present > 0).map(({ name }) => name);
    throw unknownKey('USAGE', { asked: '--task', key: options.task, keys });
  }
  return {
    ...(await explorationDocument(found, source, context)),
    ...(files && { files: files.result() }),
  };
}

/** How a recipe's dump is explored: by the labels of its first curated task, and what it calls boilerplate. */
export function explorationOptions(
  { tasks, language, deduplicate: { boilerplate } }: Recipe,
  task: string,
): ExplorationOptions {
  const { attribute = task, minPerClass } = tasks[task]!;
  return {
    ...EXPLORATION_DEFAULTS,
    task: attribute,
    ...(language && { languages: language }),
    minPerClass: Math.max(minPerClass, EXPLORATION_DEFAULTS.minPerClass),
    ...(boilerplate && { boilerplate }),
  };
}

/** What was found as a document that says of which dump it is. @param context whose `parse` has ended. */
export async function explorationDocument(
  found: DumpExploration,
  source: Source,
  { counts }: RunContext,
): Promise<Exploration> {
  const parsed = counts.find(({ name }) => name === 'parse')!;
  return {
    schemaVersion: 2,
    source: source.name,
    synthetic: await isSyntheticDump(source.root),
    rows: { read: parsed.in, identical: parsed.merged, unreadable: parsed.quarantined },
    ...found,
  };
}

/** The rows that are the first of their image. */
async function* observedRows(
  rows: AsyncIterable<ImageRow>,
  observe: (row: ImageRow) => boolean,
): AsyncGenerator<ImageRow> {
  for await (const row of rows) if (observe(row)) yield row;
}

/** Each image's sha256; undefined where no file can be read. */
function hashed(
  rows: AsyncIterable<ImageRow>,
  { imagesRoot }: Source,
  { signal }: RunContext,
): AsyncIterable<{ imageId: string; hash: string | undefined }> {
  return mapOrdered(
    rows,
    async ({ imageId, path }) => {
      if ((await imagesRoot.look(path)) !== 'there') return { imageId, hash: undefined };
      try {
        return { imageId, hash: await hashPhotoFile(imagesRoot.placeOf(path), signal) };
      } catch (error) {
        const isPhotos = error instanceof PipelineError && /^(NOT_FOUND|IMAGE_)/.test(error.code);
        if (isPhotos) return { imageId, hash: undefined };
        throw error;
      }
    },
    { concurrency: HASHED_AT_ONCE, signal },
  );
}
