import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readImageTable } from '#src/sources/image-table.js';
import { collect } from '#src/streams.js';
import { temporaryFolder } from '../fixtures.js';

const { signal } = new AbortController();
let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('table');
});
afterAll(() => folder.dispose());

const field = fc.constantFrom('A', 'aa/a.jpg', '12', '', 'é', '"x"', '"a,b"', '"two\nlines"', 'q"uote', ' ');
const line = fc.oneof(
  fc.tuple(field, field, field, field).map((fields) => fields.join(',')),
  fc.array(field, { maxLength: 6 }).map((fields) => fields.join(',')),
);
const header = fc.constantFrom(
  'image_id,height,width,path',
  'path,width,image_id,height',
  '\uFEFFimage_id,height,width,path',
);

it('is read as csv-parse reads it', async () => {
  const place = join(folder.path, 'images.csv');
  await fc.assert(
    fc.asyncProperty(
      header,
      fc.array(line, { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      async (first, lines, ending, ended) => {
        const text = [first, ...lines].join(ending) + (ended ? ending : '');
        await writeFile(place, text);
        const options = { columns: true, bom: true, relax_quotes: true, skip_records_with_error: true };
        const rows = parse(text, options) as unknown as Record<string, string>[];
        const expected = rows
          .filter((row) => row['image_id'] && row['path'])
          .map((row) => ({ imageId: row['image_id'], path: row['path'] }));
        const found = await collect(readImageTable({ name: 'images.csv', place }, signal));
        expect(found.map(({ imageId, path }) => ({ imageId, path }))).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

it('is read on by csv-parse from where a quote comes after megabytes without', async () => {
  const place = join(folder.path, 'large.csv');
  const rows = Array.from({ length: 60_000 }, (_, at) => `id${at},10,20,aa/photo-${at}.jpg`);
  await writeFile(place, ['image_id,height,width,path', ...rows, 'last,1,2,"aa/l,ast.jpg"', ''].join('\n'));
  const found = await collect(readImageTable({ name: 'large.csv', place }, signal));
  expect(found.length).toBe(60_001);
  expect(found[59_999]).toEqual({ imageId: 'id59999', path: 'aa/photo-59999.jpg', width: 20, height: 10 });
  expect(found.at(-1)).toEqual({ imageId: 'last', path: 'aa/l,ast.jpg', width: 2, height: 1 });
});

it.each([
  ['plain', '\n', 'd,1,2,aa/d.jpg'],
  ['with quotes', '\n', '"d",1,2,aa/d.jpg'],
  ['with carriage returns', '\r\n', 'd,1,2,aa/d.jpg'],
])('names the lines that are no rows, %s', async (_, ending, last) => {
  const place = join(folder.path, 'bad.csv');
  const lines = [
    'image_id,height,width,path',
    'a,1,2,aa/a.jpg',
    'b,1,2',
    '',
    ',1,2,aa/c.jpg',
    'e,1,2,',
    last,
  ];
  await writeFile(place, lines.join(ending) + ending);
  const refused: number[] = [];
  const table = readImageTable({ name: 'images.csv', place }, signal, (line) => refused.push(line));
  expect((await collect(table)).map(({ imageId }) => imageId)).toEqual(['a', 'd']);
  expect(refused).toEqual([3, 5, 6]);
});

it('refuses an empty file', async () => {
  const place = join(folder.path, 'empty.csv');
  await writeFile(place, '');
  const table = collect(readImageTable({ name: 'images.csv', place }, signal));
  await expect(table).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

it('takes sides that no file can have as unknown', async () => {
  const place = join(folder.path, 'sides.csv');
  const sides = ['99999999999,5', '5,1e9', '0,-3', '2147483648,7', '2.5,7'];
  const lines = sides.map((side, index) => `i${index},${side},aa/${index}.jpg`);
  await writeFile(place, ['image_id,height,width,path', ...lines].join('\n'));
  const rows = await collect(readImageTable({ name: 'images.csv', place }, signal));
  expect(rows.map(({ height, width }) => [height, width])).toEqual([
    [0, 5],
    [5, 1e9],
    [0, 0],
    [0, 7],
    [0, 7],
  ]);
});
