import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { PipelineError } from '../errors.js';
import { SIDES, type Side } from '../records.js';

/** Where an older run's sides stand: its `photos.parquet`, or a folder that has one. */
export async function previousFile(path: string): Promise<string> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  return isFolder ? join(path, 'photos.parquet') : path;
}

/**
 * The sides that an older run gave, by image id; of images that it left out, none.
 * @param file its `photos.parquet`.
 * @param options.whole whether each item must have stood on one side: then to keep them keeps no leak.
 * @throws {PipelineError} `INPUT_INVALID` for a file that cannot be read or has no sides, or whose items are torn.
 */
export async function previousSides(file: string, { whole }: { whole: boolean }): Promise<Map<string, Side>> {
  let rows: { images: string[]; items: string[]; split: Side | null | undefined }[];
  try {
    rows = (await parquetReadObjects({
      file: await asyncBufferFromFile(file),
      columns: ['images', 'items', 'split'],
    })) as unknown as typeof rows;
  } catch (cause) {
    throw invalid(file, cause);
  }
  const sides = new Map<string, Side>();
  for (const { images, split } of rows) {
    if (split === null || split === undefined) continue;
    if (!SIDES.includes(split)) throw invalid(file);
    for (const image of images) sides.set(image, split);
  }
  if (sides.size === 0) throw invalid(file);
  const torn = whole ? tornItems(rows) : [];
  if (torn.length > 0) {
    throw new PipelineError(
      'INPUT_INVALID',
      `Expected an older run whose items stand on one side each but ${torn.length} stand on several, the first: ${torn[0]}`,
      {
        key: file,
        hint: 'Its split leaks, and kept sides would keep that: without --previous sides are drawn anew.',
      },
    );
  }
  return sides;
}

function tornItems(rows: readonly { items: string[]; split: Side | null | undefined }[]): string[] {
  const sideOf = new Map<string, Side>();
  const torn = new Set<string>();
  for (const { items, split } of rows) {
    for (const item of split ? items : []) {
      const earlier = sideOf.get(item) ?? split!;
      if (earlier !== split) torn.add(item);
      sideOf.set(item, earlier);
    }
  }
  return [...torn].sort();
}

function invalid(file: string, cause?: unknown): PipelineError {
  return new PipelineError('INPUT_INVALID', `Expected an older run's photos with their sides in ${file}`, {
    hint: 'It is RUN/photos.parquet of a finished curation; one without a column `split` is older than sides in it: curate that run again.',
    ...(cause !== undefined && { cause }),
  });
}
