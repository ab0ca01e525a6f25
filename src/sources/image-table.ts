import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { PipelineError, throwIfAborted } from '../errors.js';
import { streamPlace } from '../place.js';
import { inBlocks } from '../streams.js';
import { type Block, cutBlocks } from './blocks.js';
import type { DumpFile } from './shard.js';
import type { ImageRow, RefuseRow } from './source.js';
import { packingOfName, unpack } from './unpack.js';

const COLUMNS = ['image_id', 'height', 'width', 'path'] as const;
const QUOTE = 0x22;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = /^\uFEFF/;

type TableRow = Record<(typeof COLUMNS)[number], string | undefined>;

/**
 * Reads ABO's image table (`image_id,height,width,path`, plain, gzipped or as Zstandard), row by row.
 * @param refuse is told of rows with too few or too many fields, or without an id or a path, which are passed over.
 * @throws {PipelineError} `INPUT_INVALID` when the file is not such a table.
 */
export function readImageTable(
  { name, place }: DumpFile,
  signal: AbortSignal,
  refuse: RefuseRow = () => {},
): AsyncIterable<ImageRow> {
  return inBlocks(async function* () {
    const bytes = streamPlace(place);
    const reading = { place, signal, refuse };
    try {
      for await (const images of imageRows(unpack(bytes, packingOfName(name)), reading)) {
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

interface Reading {
  place: string;
  signal: AbortSignal;
  refuse: RefuseRow;
}

/** Cuts plain lines at their commas; from the first block on that holds a quote, csv-parse reads on: it is ten times slower. */
async function* imageRows(source: AsyncIterable<Uint8Array>, reading: Reading): AsyncGenerator<ImageRow[]> {
  const { place, signal, refuse } = reading;
  const blocks = cutBlocks(source, { signal })[Symbol.asyncIterator]();
  let header: string[] | undefined;
  let before = 0;
  try {
    for (let next = await blocks.next(); !next.done; next = await blocks.next()) {
      const block = next.value;
      // A line of 16 MB is no row.
      if ('tooLong' in block) {
        before += 1;
        refuse(before, 'a line of over 16 MB');
        continue;
      }
      if (block.lines.includes(QUOTE) || block.lines.includes(CARRIAGE_RETURN)) {
        yield* quotedRows(block.lines, blocks, { ...reading, header, before });
        return;
      }
      const lines = block.lines.toString().split('\n');
      // A block ends with its last line's end.
      if (lines.at(-1) === '') lines.pop();
      if (header === undefined) {
        header = headerIn(lines.shift()!.replace(BYTE_ORDER_MARK, '').split(','), place);
        before += 1;
      }
      yield rowsIn(lines, { header, before, refuse });
      before += lines.length;
    }
    if (header === undefined) headerIn([], place);
  } finally {
    await blocks.return?.(undefined);
  }
}

interface Rest {
  header: readonly string[];
  /** Lines of the table that were read before. */
  before: number;
  refuse: RefuseRow;
}

function rowsIn(lines: readonly string[], { header, before, refuse }: Rest): ImageRow[] {
  const at = (name: (typeof COLUMNS)[number]) => header.lastIndexOf(name);
  const [id, height, width, path] = [at('image_id'), at('height'), at('width'), at('path')];
  const rows: ImageRow[] = [];
  for (const [index, line] of lines.entries()) {
    const fields = line.split(',');
    if (fields.length === header.length) {
      const row = imageRow(fields[id], fields[path], fields[width], fields[height]);
      if (row !== undefined) rows.push(row);
      else refuse(before + index + 1, WITHOUT);
    } else if (line !== '') {
      refuse(before + index + 1, `${fields.length} fields where the header has ${header.length}`);
    }
  }
  return rows;
}

const WITHOUT = 'no image_id or no path';

function imageRow(
  imageId: string | undefined,
  path: string | undefined,
  width: string | undefined,
  height: string | undefined,
): ImageRow | undefined {
  return imageId && path ? { imageId, path, width: pixels(width), height: pixels(height) } : undefined;
}

/** @param header of a table whose first lines were read already, at line feeds. */
async function* quotedRows(
  lines: Buffer,
  more: AsyncIterator<Block>,
  { header, place, before, refuse }: Reading & { header: string[] | undefined; before: number },
): AsyncGenerator<ImageRow[]> {
  async function* bytes() {
    yield lines;
    for (let next = await more.next(); !next.done; next = await more.next()) {
      if ('lines' in next.value) yield next.value.lines;
    }
  }
  const parser = parse<TableRow>({
    columns: header ?? ((names: string[]) => headerIn(names, place)),
    bom: header === undefined,
    ...(header !== undefined && { record_delimiter: '\n' }),
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip(error) {
      refuse(before + lineOf(error), error?.message ?? 'no row');
      return undefined;
    },
    on_record(record: TableRow, { lines }) {
      if (record.image_id && record.path) return record;
      refuse(before + lines, WITHOUT);
      return null;
    },
  });
  const text = Readable.from(bytes(), { objectMode: false });
  // An error of the file ends the parsing, and so whoever reads what it gives.
  pipeline(text, parser, () => {});
  try {
    for await (const { image_id: id, path, width, height } of parser as AsyncIterable<TableRow>) {
      const row = imageRow(id, path, width, height);
      if (row !== undefined) yield [row];
    }
  } finally {
    text.destroy();
    parser.destroy();
  }
}

/** The line that csv-parse found an error in. */
function lineOf(error: object | undefined): number {
  return error !== undefined && 'lines' in error && typeof error.lines === 'number' ? error.lines : 0;
}

/** @throws {PipelineError} `INPUT_INVALID` where a column is missing. */
function headerIn(names: string[], place: string): string[] {
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length === 0) return names;
  throw new PipelineError(
    'INPUT_INVALID',
    `Expected columns ${COLUMNS.join(', ')} but ${missing.join(', ')} is missing`,
    { key: place, hint: 'It is CSV with commas, whose first line names the columns.' },
  );
}

/** No file's side is longer, and Parquet's columns hold no more. */
const MOST_PIXELS = 2 ** 31 - 1;

/** 0 for what is no side of a photo: unknown. */
function pixels(text: string | undefined): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 && value <= MOST_PIXELS ? value : 0;
}
