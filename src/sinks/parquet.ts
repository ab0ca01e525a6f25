import { rename, rm } from 'node:fs/promises';
import type { SchemaElement } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';

/** A column's type: text, whole number (32 bits), or a list of texts. `text?` may be missing. */
export type ColumnType = 'text' | 'text?' | 'int' | 'texts';

function schemaOf(name: string, type: ColumnType): SchemaElement[] {
  switch (type) {
    case 'int':
      return [{ name, type: 'INT32', repetition_type: 'REQUIRED' }];
    case 'texts':
      // The three-level list of the Parquet specification, which every reader understands.
      return [
        { name, repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      ];
    default:
      return [
        {
          name,
          type: 'BYTE_ARRAY',
          converted_type: 'UTF8',
          repetition_type: type === 'text' ? 'REQUIRED' : 'OPTIONAL',
        },
      ];
  }
}

/**
 * Writes rows as a Parquet file, row group by row group, under another name until it is complete.
 * @param columns name → type, in the order of the file.
 */
export async function writeParquet(
  file: string,
  columns: Readonly<Record<string, ColumnType>>,
  rows: Iterable<Record<string, unknown>>,
): Promise<void> {
  const names = Object.keys(columns);
  const unfinished = `${file}.unfinished`;
  try {
    await parquetWriteRows({
      writer: fileWriter(unfinished),
      rows,
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
