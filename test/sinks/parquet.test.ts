import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeParquet } from '#src/sinks/parquet.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-parquet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COLUMNS = { id: 'text', size: 'int', brand: 'text?', items: 'texts' } as const;

it('gives back what was written: text, numbers, missing values and lists', async () => {
  const rows = Array.from({ length: 2500 }, (_, index) => ({
    id: `photo-${index} é`,
    size: index,
    brand: index % 3 === 0 ? undefined : `brand ${index % 7}`,
    items: Array.from({ length: index % 3 }, (_, item) => `item ${item}`),
  }));
  const file = join(folder, 'rows.parquet');
  await writeParquet(file, COLUMNS, rows);
  const read = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
  expect(read.map((row) => ({ ...row, brand: row['brand'] ?? undefined }))).toEqual(rows);
});

it('writes an empty table', async () => {
  const file = join(folder, 'empty.parquet');
  await writeParquet(file, COLUMNS, []);
  expect(await parquetReadObjects({ file: await asyncBufferFromFile(file) })).toEqual([]);
});
