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
 * @throws {PipelineError} `INPUT_INVALID` for a file that cannot be read or has no sides.
 */
export async function previousSides(file: string): Promise<Map<string, Side>> {
  let rows: { images: string[]; split: Side | null | undefined }[];
  try {
    rows = (await parquetReadObjects({
      file: await asyncBufferFromFile(file),
      columns: ['images', 'split'],
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
  return sides;
}

function invalid(file: string, cause?: unknown): PipelineError {
  return new PipelineError('INPUT_INVALID', `Expected an older run's photos with their sides in ${file}`, {
    hint: 'It is RUN/photos.parquet of a finished curation; one without a column `split` is older than sides in it: curate that run again.',
    ...(cause !== undefined && { cause }),
  });
}
