import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { PipelineError, throwIfAborted } from '../errors.js';
import { streamPlace } from '../place.js';
import type { DumpFile } from './shard.js';
import type { ImageRow } from './source.js';
import { packingOfName, unpack } from './unpack.js';

const COLUMNS = ['image_id', 'height', 'width', 'path'] as const;

/**
 * Reads ABO's image table (`image_id,height,width,path`, plain, gzipped or as Zstandard), row by row. Rows with too few or too many
 * fields, or without an id or a path, are passed over: what they would have named is then missing from the table and
 * says so in the ledger.
 * @throws {PipelineError} `INPUT_INVALID` when the file is not such a table.
 */
export async function* readImageTable(
  { name, place }: DumpFile,
  signal: AbortSignal,
): AsyncGenerator<ImageRow> {
  const bytes = streamPlace(place);
  const parser = parse({
    columns: (header: string[]) => {
      const missing = COLUMNS.filter((name) => !header.includes(name));
      if (missing.length === 0) return header;
      throw new PipelineError(
        'INPUT_INVALID',
        `Expected columns ${COLUMNS.join(', ')} but ${missing.join(', ')} is missing`,
        {
          key: place,
        },
      );
    },
    bom: true,
    relax_quotes: true,
    skip_records_with_error: true,
    info: false,
  });
  const text = Readable.from(unpack(bytes, packingOfName(name)), { objectMode: false });
  // An error of the file ends the parsing, and so whoever reads what it gives.
  pipeline(text, parser, () => {});
  try {
    for await (const row of parser as AsyncIterable<Record<(typeof COLUMNS)[number], string>>) {
      throwIfAborted(signal);
      if (!row.image_id || !row.path) continue;
      yield { imageId: row.image_id, path: row.path, width: pixels(row.width), height: pixels(row.height) };
    }
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError('INPUT_INVALID', `Expected a readable image table`, {
      key: place,
      hint: 'Fetch images/metadata/images.csv.gz again.',
      cause: error,
    });
  } finally {
    bytes.destroy();
    text.destroy();
    parser.destroy();
  }
}

/** A size in pixels; 0 where the table does not say. */
function pixels(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : 0;
}
