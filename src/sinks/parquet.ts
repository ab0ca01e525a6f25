import { rename, rm } from 'node:fs/promises';
import type { SchemaElement } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';

/**
 * A column's type: text (UTF-8), whole number of 32 bits, number of 64 bits, yes or no, a list of texts, or a list of structures
 * of texts. With `?` a value may be missing, which is null; a list is never missing, but may be empty.
 */
export type ColumnType =
  | 'text'
  | 'text?'
  | 'int'
  | 'int?'
  | 'number?'
  | 'boolean?'
  | 'texts'
  | { listOf: Readonly<Record<string, 'text' | 'text?'>> };

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

function schemaOf(name: string, type: ColumnType): SchemaElement[] {
  if (typeof type === 'object') {
    const fields = Object.entries(type.listOf);
    return listOf(name, [
      { name: 'element', repetition_type: 'REQUIRED', num_children: fields.length },
      ...fields.flatMap(([field, text]) => schemaOf(field, text)),
    ]);
  }
  const repetition_type = type.endsWith('?') ? 'OPTIONAL' : 'REQUIRED';
  switch (type) {
    case 'int':
    case 'int?':
      return [{ name, type: 'INT32', repetition_type }];
    case 'boolean?':
      return [{ name, type: 'BOOLEAN', repetition_type }];
    case 'number?':
      return [{ name, type: 'DOUBLE', repetition_type }];
    case 'texts':
      return listOf(name, [{ name: 'element', ...TEXT, repetition_type }]);
    default:
      return [{ name, ...TEXT, repetition_type }];
  }
}

/** The three-level list of the Parquet specification, which every reader understands. */
function listOf(name: string, element: SchemaElement[]): SchemaElement[] {
  return [
    {
      name,
      repetition_type: 'REQUIRED',
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
      num_children: 1,
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ];
}

/** Rows of the first group and of each other: a group is held whole, as objects and as columns, to be encoded. */
const ROW_GROUPS = [1000, 20_000];

/**
 * Writes rows as a Parquet file, row group by row group, under another name until it is complete.
 * @param columns name → type, in the order of the file.
 */
export async function writeParquet(
  file: string,
  columns: Readonly<Record<string, ColumnType>>,
  rows: Iterable<Record<string, unknown>> | AsyncIterable<Record<string, unknown>>,
): Promise<void> {
  const names = Object.keys(columns);
  const unfinished = `${file}.unfinished`;
  try {
    await parquetWriteRows({
      writer: fileWriter(unfinished),
      rows,
      rowGroupSize: ROW_GROUPS,
      columns: names.map((name) => ({ name })),
      schema: [
        { name: 'root', num_children: names.length },
        ...Object.entries(columns).flatMap(([name, type]) => schemaOf(name, type)),
      ],
    });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
