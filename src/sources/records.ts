import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError, throwIfAborted } from '../errors.js';
import { csvRecords, isCsv } from './csv.js';
import { filesIdentity, presentIdentity } from './files-identity.js';
import { imagesInFolder } from './images-root.js';
import { readRows } from './shard.js';
import type { ImageRow, RawRow, Source } from './source.js';

/** Columns that are taken for a photo's path, and for an item's id, where the recipe names none. */
const IMAGE_COLUMNS = ['image', 'image_path', 'image_file', 'photo', 'path', 'file', 'file_name', 'filename'];
const ITEM_COLUMNS = ['item_id', 'item', 'product_id', 'sku'];

export interface RecordsOptions {
  /** CSV (`.csv`, `.tsv`), JSON lines or one JSON array; plain, gzipped (`.gz`) or as Zstandard (`.zst`). */
  file: string;
  /** What the photos' paths are relative to, and what they must not leave; default: the file's own folder. */
  images?: string;
  /** The column with a photo's path, or in JSON with a list of them; default: the first of the usual names that is there. */
  image?: string;
  /** The column that says which photos show one item; default: as `image`; without one each record is its own item. */
  item?: string;
  signal?: AbortSignal;
}

type Fields = Record<string, unknown>;

/**
 * Opens a file of records, one a product or a photo: a column is the photo's path, the others are attributes.
 * @throws {PipelineError} `DUMP_MISSING` when the file is not there, `DUMP_EMPTY` when it has no record, `INPUT_INVALID`
 * when none of its columns is known to hold the photos, `ABORTED`.
 */
export async function recordsSource(options: RecordsOptions): Promise<Source> {
  const { signal = new AbortController().signal } = options;
  const file = resolve(options.file);
  if (!(await stat(file).catch(() => undefined))?.isFile()) {
    throw new PipelineError('DUMP_MISSING', `Expected a file of records at ${file} but there is none`, {
      hint: '`source.kind: records` reads CSV or JSON lines; class-per-folder photos are `source.kind: folder`.',
    });
  }
  const root = resolve(options.images ?? dirname(file));
  const columns = await findColumns(file, options, signal);
  const rows = async function* (during: AbortSignal): AsyncGenerator<RawRow> {
    for await (const row of records(file, during)) yield listingRow(row, columns, root);
  };
  const images = async function* (during: AbortSignal): AsyncGenerator<ImageRow> {
    for await (const row of records(file, during)) {
      for (const path of photosOf(fieldsOf(row), columns, root))
        yield { imageId: path, path, width: 0, height: 0 };
    }
  };
  return {
    kind: 'records',
    name: options.file,
    ...(options.images !== undefined && { imagesDir: options.images }),
    root: dirname(file),
    imagesRoot: {
      ...imagesInFolder(root),
      // Only what the records name: beside it there may be anything, the run itself too.
      async identity(during) {
        const paths = new Set<string>();
        for await (const { path } of images(during)) paths.add(path);
        return presentIdentity([...paths].sort(), root, during);
      },
    },
    rows,
    async count(during) {
      let count = 0;
      for await (const _ of records(file, during)) count += 1;
      return count;
    },
    images,
    identity: () => filesIdentity([file], dirname(file)),
  };
}

/** A file's records as rows of JSON; what cannot be read is a row that says so. */
function records(file: string, signal: AbortSignal): AsyncIterable<RawRow> {
  const bytes = createReadStream(file);
  const shard = basename(file);
  return closing(
    bytes,
    isCsv(shard) ? csvRecords(bytes, { signal, shard }) : readRows(bytes, { signal, shard }),
  );
}

async function* closing<T>(bytes: { destroy(): void }, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } finally {
    bytes.destroy();
  }
}

interface Columns {
  image: string;
  item: string | undefined;
}

/** Records that are looked at for columns: JSON leaves out of a record what it has no value of. */
const LOOKED_AT = 1000;

/** Which columns hold the photo and the item, by the first records that can be read. */
async function findColumns(
  file: string,
  { image, item }: RecordsOptions,
  signal: AbortSignal,
): Promise<Columns> {
  const names = new Set<string>();
  let read = 0;
  for await (const row of records(file, signal)) {
    throwIfAborted(signal);
    const fields = fieldsOf(row);
    if (fields === undefined) continue;
    for (const name of Object.keys(fields)) names.add(name);
    read += 1;
    if (read === LOOKED_AT) break;
  }
  if (read > 0) {
    const column = image ?? IMAGE_COLUMNS.find((name) => names.has(name));
    if (column === undefined) throw noColumn('with photos’ paths', 'image');
    if (!names.has(column)) throw noColumn(`"${column}"`, 'image');
    if (item !== undefined && !names.has(item)) throw noColumn(`"${item}"`, 'item');
    return { image: column, item: item ?? ITEM_COLUMNS.find((name) => names.has(name)) };
  }
  throw new PipelineError('DUMP_EMPTY', `Expected records in ${file} but found none that can be read`, {
    hint: 'CSV has a first line with the names of its columns; JSON has one object a line, or is a list of objects.',
  });

  function noColumn(wanted: string, key: 'image' | 'item'): PipelineError {
    const what = key === 'image' ? 'has the photos’ paths' : 'says which photos show one item';
    return new PipelineError(
      'INPUT_INVALID',
      `Expected a column ${wanted} but found ${[...names].join(', ')}`,
      { key: file, hint: `Name the one that ${what}: --set source.${key}=COLUMN` },
    );
  }
}

/** The record in a row; undefined where there is none. */
function fieldsOf({ text, fault }: RawRow): Fields | undefined {
  if (fault !== undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A record as a listing's row, as `parse` takes it; what is no record goes on as it is, and `parse` says so. */
function listingRow(row: RawRow, columns: Columns, root: string): RawRow {
  const fields = fieldsOf(row);
  if (fields === undefined) return row;
  const { [columns.image]: _, ...attributes } = fields;
  const [main, ...others] = photosOf(fields, columns, root);
  const own = columns.item === undefined ? undefined : fields[columns.item];
  const item =
    own === undefined || own === null || own === '' ? (main ?? `${row.shard}:${row.line}`) : String(own);
  const listing = { ...attributes, item_id: item, main_image_id: main ?? null, other_image_id: others };
  return { ...row, text: JSON.stringify(listing) };
}

/** Where a record's photos lie, relative to the images' root. */
function photosOf(fields: Fields | undefined, { image }: Columns, root: string): string[] {
  const value = fields?.[image];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list
    .filter((one) => typeof one === 'string' && one !== '')
    .map((one) => photoPath(one as string, root));
}

function photoPath(value: string, root: string): string {
  // Windows writes backslashes, and no path here may have any.
  return relative(root, resolve(root, localPath(value).replaceAll('\\', '/'))).replaceAll(sep, '/');
}

function localPath(value: string): string {
  if (!value.startsWith('file:')) return value;
  try {
    return fileURLToPath(value);
  } catch {
    return value;
  }
}
