import type { Listing, Provenance } from '../records.js';
import type { ImageRow, Source } from '../sources/source.js';
import { parseRow } from '../stages/parse.js';

/** A row of the dump that names one of the keys that were asked for. */
export type DumpRow = Omit<Listing, 'digest'>;

/** The rows of a dump whose place, item id or image ids are among the names; the others are not even parsed. */
export async function rowsNaming(
  source: Source,
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<DumpRow[]> {
  const list = [...names];
  const rows: DumpRow[] = [];
  for await (const row of source.rows(signal)) {
    if (!names.has(placeOfRow(row)) && !list.some((name) => row.text.includes(name))) continue;
    let listing: Listing;
    try {
      ({ listing } = parseRow(row));
    } catch {
      // What `parse` quarantined stands in the ledger, by its line.
      continue;
    }
    const { itemId, mainImageId = '', otherImageIds } = listing;
    const named = [placeOfRow(row), itemId, mainImageId, ...otherImageIds];
    if (named.some((name) => names.has(name))) rows.push(listing);
  }
  return rows;
}

/** The rows of the image table whose id or path is among the keys. */
export async function imagesNamed(
  source: Source,
  keys: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ImageRow[]> {
  const found: ImageRow[] = [];
  for await (const row of source.images(signal)) {
    if (keys.has(row.imageId) || keys.has(row.path)) found.push(row);
  }
  return found;
}

/** Where a row stands: `shard:line`, as the ledger calls it. */
export function placeOfRow({ shard = 'stdin', line }: Provenance): string {
  return `${shard}:${line ?? '?'}`;
}
