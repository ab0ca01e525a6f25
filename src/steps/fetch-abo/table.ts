import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { downloadMeter } from '../../download/meter.js';
import { TABLE_PATH } from '../../sources/abo-published.js';
import { readImageTable } from '../../sources/image-table.js';
import type { ImageRow } from '../../sources/source.js';
import { wrongGzip } from './checks.js';
import { KEPT } from './folder.js';
import { gzipOfLines, keepOrWrite } from './keep-or-write.js';
import { type Fetching, fetchPublished } from './published-file.js';

/** Fetches the image table into the folder of what is kept. @returns its rows of the images that are wanted. */
export async function fetchTableRows(
  imageIds: ReadonlySet<string>,
  fetching: Fetching,
  known: boolean,
): Promise<ImageRow[]> {
  const { folder, events, signal } = fetching;
  const name = basename(TABLE_PATH);
  const to = join(KEPT, name);
  const onBytes = downloadMeter(events)(name);
  const check = (file: string) => wrongGzip(file, signal);
  await fetchPublished({ path: TABLE_PATH, to, check, onBytes, known }, fetching);
  const rows: ImageRow[] = [];
  for await (const row of readImageTable({ name, place: join(folder, to) }, signal)) {
    if (imageIds.has(row.imageId)) rows.push(row);
  }
  return rows;
}

/** Makes the dump's image table of these rows alone. */
export async function writeTable(rows: readonly ImageRow[], { folder }: Fetching): Promise<void> {
  const file = join(folder, TABLE_PATH);
  await mkdir(dirname(file), { recursive: true });
  const lines = rows.map(({ imageId, height, width, path }) =>
    [imageId, height || '', width || '', path].map(field).join(','),
  );
  await keepOrWrite(file, await gzipOfLines(['image_id,height,width,path', ...lines]));
}

/** RFC 4180, 2.6. */
function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
