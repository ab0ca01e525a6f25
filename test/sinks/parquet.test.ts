import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
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

it('keeps numbers, nulls and structures in lists as they are', async () => {
  const columns = {
    size: 'int?',
    weight: 'number?',
    views: { listOf: { item: 'text', country: 'text?' } },
  } as const;
  const rows = Array.from({ length: 1500 }, (_, index) => ({
    size: index % 4 === 0 ? undefined : index - 700,
    weight: index % 5 === 0 ? undefined : index / 7,
    views: Array.from({ length: index % 4 }, (_, view) => ({
      item: `B${view} ü`,
      ...(view % 2 === 0 && { country: 'NL' }),
    })),
  }));
  const file = join(folder, 'typed.parquet');
  await writeParquet(file, columns, rows);
  const buffer = await asyncBufferFromFile(file);
  const read = await parquetReadObjects({ file: buffer });
  expect(read).toEqual(
    rows.map(({ size = null, weight = null, views }) => ({
      size,
      weight,
      views: views.map((view) => ({ country: null, ...view })),
    })),
  );
  const { schema } = await parquetMetadataAsync(buffer);
  const typeOf = (name: string) => schema.find((element) => element.name === name);
  expect(typeOf('size')).toMatchObject({ type: 'INT32', repetition_type: 'OPTIONAL' });
  expect(typeOf('weight')).toMatchObject({ type: 'DOUBLE', repetition_type: 'OPTIONAL' });
  expect(typeOf('views')).toMatchObject({ logical_type: { type: 'LIST' } });
  expect(typeOf('country')).toMatchObject({ logical_type: { type: 'STRING' } });
});
