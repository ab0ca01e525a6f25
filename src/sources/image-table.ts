import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { PipelineError, throwIfAborted } from '../errors.js';
import { streamPlace } from '../place.js';
import { inBlocks } from '../streams.js';
import { type Block, cutBlocks } from './blocks.js';
import type { DumpFile } from './shard.js';
import type { ImageRow } from './source.js';
import { packingOfName, unpack } from './unpack.js';

const COLUMNS = ['image_id', 'height', 'width', 'path'] as const;
const QUOTE = 0x22;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = /^\uFEFF/;

type TableRow = Record<(typeof COLUMNS)[number], string | undefined>;

/**
 * Reads ABO's image table (`image_id,height,width,path`, plain, gzipped or as Zstandard), row by row. Rows with too few or too many
 * fields, or without an id or a path, are passed over: what they would have named is then missing from the table and
 * says so in the ledger.
 * @throws {PipelineError} `INPUT_INVALID` when the file is not such a table.
 */
export function readImageTable({ name, place }: DumpFile, signal: AbortSignal): AsyncIterable<ImageRow> {
  return inBlocks(async function* () {
    const bytes = streamPlace(place);
    try {
      for await (const images of imageRows(unpack(bytes, packingOfName(name)), { place, signal })) {
        throwIfAborted(signal);
        if (images.length > 0) yield images;
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
    }
  });
}

/** Cuts plain lines at their commas; from the first block on that holds a quote, csv-parse reads on: it is ten times slower. */
async function* imageRows(
  source: AsyncIterable<Uint8Array>,
  { place, signal }: { place: string; signal: AbortSignal },
): AsyncGenerator<ImageRow[]> {
  const blocks = cutBlocks(source, { signal })[Symbol.asyncIterator]();
  let header: string[] | undefined;
  try {
    for (let next = await blocks.next(); !next.done; next = await blocks.next()) {
      const block = next.value;
      // A line of 16 MB is no row.
      if ('tooLong' in block) continue;
      if (block.lines.includes(QUOTE) || block.lines.includes(CARRIAGE_RETURN)) {
        yield* quotedRows(block.lines, blocks, { header, place });
        return;
      }
      const lines = block.lines.toString().split('\n');
      header ??= headerIn(lines.shift()!.replace(BYTE_ORDER_MARK, '').split(','), place);
      yield rowsIn(lines, header);
    }
  } finally {
    await blocks.return?.(undefined);
  }
}

function rowsIn(lines: readonly string[], header: readonly string[]): ImageRow[] {
  const at = (name: (typeof COLUMNS)[number]) => header.lastIndexOf(name);
  const [id, height, width, path] = [at('image_id'), at('height'), at('width'), at('path')];
  const rows: ImageRow[] = [];
  for (const line of lines) {
    const fields = line.split(',');
    if (fields.length === header.length)
      addRow(rows, fields[id], fields[path], fields[width], fields[height]);
  }
  return rows;
}

function addRow(
  rows: ImageRow[],
  imageId: string | undefined,
  path: string | undefined,
  width: string | undefined,
  height: string | undefined,
): void {
  if (imageId && path) rows.push({ imageId, path, width: pixels(width), height: pixels(height) });
}

/** @param header of a table whose first lines were read already, at line feeds. */
async function* quotedRows(
  lines: Buffer,
  more: AsyncIterator<Block>,
  { header, place }: { header: string[] | undefined; place: string },
): AsyncGenerator<ImageRow[]> {
  async function* bytes() {
    yield lines;
    for (let next = await more.next(); !next.done; next = await more.next()) {
      if ('lines' in next.value) yield next.value.lines;
    }
  }
  const parser = parse({
    columns: header ?? ((names: string[]) => headerIn(names, place)),
    bom: header === undefined,
    ...(header !== undefined && { record_delimiter: '\n' }),
    relax_quotes: true,
    skip_records_with_error: true,
    info: false,
  });
  const text = Readable.from(bytes(), { objectMode: false });
  // An error of the file ends the parsing, and so whoever reads what it gives.
  pipeline(text, parser, () => {});
  try {
    for await (const { image_id: id, path, width, height } of parser as AsyncIterable<TableRow>) {
      const rows: ImageRow[] = [];
      addRow(rows, id, path, width, height);
      yield rows;
    }
  } finally {
    text.destroy();
    parser.destroy();
  }
}

/** @throws {PipelineError} `INPUT_INVALID` where a column is missing. */
function headerIn(names: string[], place: string): string[] {
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length === 0) return names;
  throw new PipelineError(
    'INPUT_INVALID',
    `Expected columns ${COLUMNS.join(', ')} but ${missing.join(', ')} is missing`,
    { key: place },
  );
}

/** A size in pixels; 0 where the table does not say. */
/** No file's side is longer, and Parquet's columns hold no more. */
const MOST_PIXELS = 2 ** 31 - 1;

/** 0 for what is no side of a photo: unknown. */
function pixels(text: string | undefined): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 && value <= MOST_PIXELS ? value : 0;
}
