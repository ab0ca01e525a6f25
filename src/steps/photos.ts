import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { Photo, PhotoView, Side } from '../records.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import { type ColumnType, writeParquet } from '../sinks/parquet.js';

/** The files that hold a run's photos, relative to its folder. */
export const PHOTO_FILES = { parquet: 'photos.parquet', jsonl: 'photos.jsonl.gz' } as const;

const COLUMNS = {
  imageId: 'text',
  path: 'text',
  width: 'int?',
  height: 'int?',
  sha256: 'text?',
  role: 'text',
  component: 'text',
  split: 'text?',
  images: 'texts',
  items: 'texts',
  marketplaces: 'texts',
  views: {
    listOf: { itemId: 'text', role: 'text', marketplace: 'text?', domain: 'text?', country: 'text?' },
  },
} as const;

/** Attributes that ABO writes as numbers, and what their columns are where every value is such a number. */
const NUMBERS: Readonly<Record<string, 'int?' | 'number?'>> = {
  item_height: 'number?',
  item_length: 'number?',
  item_weight: 'number?',
  item_width: 'number?',
  model_year: 'int?',
};

/**
 * Writes a run's photos, one row or line each, with the side that a photo has in every task that it is a sample of: as
 * Parquet with a column an attribute (for pandas, polars, DuckDB), and as JSON lines as `deduplicate` prints them, but
 * without a place, so that a run folder can be moved. A column says nothing (null) where nothing is known.
 */
export async function writePhotos(
  run: string,
  photos: readonly Photo[],
  sideOf: (photo: Photo) => Side | undefined,
): Promise<void> {
  const attributes = attributeColumns(photos);
  const columns = {
    ...COLUMNS,
    ...Object.fromEntries([...attributes].map(([name, { type }]) => [name, type])),
  };
  function* rows() {
    for (const photo of photos) {
      // Without a prototype, so that a column called `constructor` is empty where no attribute is.
      const row = Object.create(null) as Record<string, unknown>;
      for (const [name, { read }] of attributes) row[name] = read(photo);
      const { imageId, path, width, height, sha256, role, component, images, items, views } = photo;
      yield Object.assign(row, {
        imageId,
        path,
        width: width || undefined,
        height: height || undefined,
        sha256: sha256 || undefined,
        role,
        component,
        split: sideOf(photo),
        images,
        items,
        marketplaces: marketplacesOf(views),
        views,
      });
    }
  }
  function* lines() {
    for (const whole of photos) {
      const { file: _, ...photo } = whole;
      const split = sideOf(whole);
      yield split === undefined ? photo : { ...photo, split };
    }
  }
  await writeParquet(join(run, PHOTO_FILES.parquet), columns, rows());
  await writeJsonLinesFile(join(run, PHOTO_FILES.jsonl), lines());
}

/** Where its items are sold, sorted: the domain, or what else is known of the place. */
function marketplacesOf(views: readonly PhotoView[]): string[] {
  const places = views.map(({ domain, country, marketplace }) => domain ?? country ?? marketplace);
  return [...new Set(places.filter((place) => place !== undefined))].sort();
}

interface AttributeColumn {
  type: ColumnType;
  read(photo: Photo): string | number | undefined;
}

/** An attribute that has the name of one of our own columns has none; what has units has a column more for them. */
function attributeColumns(photos: readonly Photo[]): ReadonlyMap<string, AttributeColumn> {
  const names = new Set(photos.flatMap(({ attributes }) => Object.keys(attributes)));
  const measured = new Set(
    photos.flatMap(({ details = {} }) => Object.keys(details).filter((name) => details[name]!.unit)),
  );
  const columns = [...names].flatMap((name): [string, AttributeColumn][] => {
    const type = columnType(name, photos);
    const typed = type === 'text?' ? String : Number;
    const read = (photo: Photo) => {
      const value = own(photo.attributes, name);
      return value === undefined ? undefined : typed(value);
    };
    const unitOf = ({ details = {} }: Photo) => own(details, name)?.unit;
    const unit: [string, AttributeColumn] = [`${name}_unit`, { type: 'text?', read: unitOf }];
    return [[name, { type, read }], ...(measured.has(name) && !names.has(unit[0]) ? [unit] : [])];
  });
  const free = columns.filter(([name]) => !Object.hasOwn(COLUMNS, name));
  return new Map(free.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function columnType(name: string, photos: readonly Photo[]): ColumnType {
  const type = own(NUMBERS, name);
  if (type === undefined) return 'text?';
  const fits = type === 'int?' ? (value: number) => Math.trunc(value) === value >> 0 : Number.isFinite;
  const all = photos.every(({ attributes }) => {
    const value = own(attributes, name);
    // Written as the number itself is: nothing is lost.
    return value === undefined || (String(Number(value)) === value && fits(Number(value)));
  });
  return all ? type : 'text?';
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The items of a run's photos, by their paths. */
export async function itemsOfPhotos(run: string): Promise<Map<string, readonly string[]>> {
  const names = await namesOfPhotos(run);
  return new Map([...names].map(([path, { items }]) => [path, items]));
}

/** The items that show a run's photos, and all image ids of each, by their paths. */
export async function namesOfPhotos(run: string): Promise<Map<string, Pick<Photo, 'items' | 'images'>>> {
  const file = await asyncBufferFromFile(join(run, PHOTO_FILES.parquet));
  const rows = await parquetReadObjects({ file, columns: ['path', 'items', 'images'] });
  return new Map(
    (rows as Pick<Photo, 'path' | 'items' | 'images'>[]).map(({ path, ...names }) => [path, names]),
  );
}
