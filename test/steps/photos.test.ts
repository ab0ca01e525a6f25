import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '#src/ledger.js';
import type { Photo, SampleRecord } from '#src/records.js';
import { writePhotos } from '#src/steps/photos.js';
import type { PartialSummary } from '#src/summary.js';
import { jpeg, jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';

/** A Python with pandas, pyarrow, polars and duckdb. */
const python = process.env['ABO_PYTHON_LISTINGS'];
if (python === undefined) {
  console.warn(
    'SKIPPED: pandas, polars and DuckDB do not open what curation writes (ABO_PYTHON_LISTINGS: a Python that has them)',
  );
}

const RECIPE = `
name: shapes
source: { photos: stat }
tasks: { product_type: { minPerClass: 1 } }
split: { validation: 0.2, test: 0.2 }
deduplicate: { family: [item] }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;

const pounds = (value: number) => [
  { normalized_value: { unit: 'pounds', value }, unit: 'kilograms', value: 9 },
];
const place = (country: string, domain_name: string) => ({ country, domain_name });
const ROWS = [
  listing('B-NL', 'SHOES', 'm1', {
    ...place('NL', 'amazon.nl'),
    other_image_id: ['o1', 'gone', 'unknown'],
    item_weight: pounds(1.5),
    model_year: [{ value: 2017 }],
    model_number: [{ value: '0012' }],
  }),
  listing('A-GB', 'BOOT', 'm1', { ...place('GB', 'amazon.co.uk'), other_image_id: ['o1'] }),
  listing('C-US', 'BOOT', 'm2', { other_image_id: ['o1', 'm1'], color: [{ value: 'ünï' }] }),
  listing('D', 'SHOES', 'm3', { marketplace: undefined, country: undefined }),
  listing('E', 'BOOT', 'm4'),
  listing('F', 'SHOES', undefined, { other_image_id: ['o2'] }),
];
const IMAGES = ['m1', 'm2', 'm3', 'm4', 'o1', 'o2', 'orphan'];

interface Curated {
  photos: Map<string, Photo & { split?: string }>;
  rows: Map<string, Record<string, unknown>>;
  samples: SampleRecord[];
  ledger: LedgerEntry[];
  summary: PartialSummary;
}

let folder: { path: string; dispose(): Promise<void> };
const at = (...names: string[]) => join(folder.path, ...names);

async function curate(run: string, ...sets: string[]): Promise<Curated> {
  const args = ['curate', '--recipe', at('recipe.yaml'), '--source', at('dump'), '--out', at(run), '-q'];
  const { code, stderr } = await pipeline([...args, ...sets.flatMap((set) => ['--set', set])]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const lines = async <T>(name: string) =>
    jsonLines<T>(
      name.endsWith('.gz')
        ? gunzipSync(await readFile(at(run, name))).toString()
        : await readFile(at(run, name), 'utf8'),
    );
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(at(run, 'photos.parquet')) });
  return {
    photos: new Map((await lines<Photo>('photos.jsonl.gz')).map((photo) => [photo.imageId, photo])),
    rows: new Map(rows.map((row) => [row['imageId'] as string, row])),
    samples: await lines('samples-product_type.jsonl'),
    ledger: await lines('ledger.jsonl.gz'),
    summary: JSON.parse(await readFile(at(run, 'summary.json'), 'utf8')) as PartialSummary,
  };
}

let all: Curated;
beforeAll(async () => {
  folder = await temporaryFolder('photos');
  const images = await Promise.all(IMAGES.map(async (id, seed) => ({ id, bytes: await jpeg(seed + 1) })));
  await writeDump(at('dump'), {
    shards: { 'listings_0.json.gz': ROWS },
    images: [...images, { id: 'gone' }],
    tableRows: ['m1,480,640,xx/elsewhere.jpg', 'm1,480,640,xx/m1.jpg', 'o2,,,xx/other.jpg'],
  });
  await writeFile(at('recipe.yaml'), RECIPE);
  all = await curate('all');
}, 60_000);
afterAll(() => folder.dispose());

describe('a photo', () => {
  it('keeps each of its views: item, role and place', () => {
    const { photos, rows } = all;
    expect([...photos.keys()].sort()).toEqual(['m1', 'm2', 'm3', 'm4', 'o1', 'o2']);
    const views = [
      { itemId: 'A-GB', role: 'main', marketplace: 'Amazon', domain: 'amazon.co.uk', country: 'GB' },
      { itemId: 'B-NL', role: 'main', marketplace: 'Amazon', domain: 'amazon.nl', country: 'NL' },
      { itemId: 'C-US', role: 'other', marketplace: 'Amazon', country: 'US' },
    ];
    expect(photos.get('m1')).toMatchObject({ role: 'main', items: ['A-GB', 'B-NL', 'C-US'], views });
    expect(photos.get('o1')!.views.map(({ role }) => role)).toEqual(['other', 'other', 'other']);
    expect(photos.get('o1')!.role).toBe('other');
    expect(photos.get('m3')!.views).toEqual([{ itemId: 'D', role: 'main' }]);
    const count = [...photos.values()].reduce((sum, photo) => sum + photo.views.length, 0);
    expect(count).toBe(all.summary.stages.find(({ name }) => name === 'deduplicate')!.in);
    expect(rows.get('m1')!['marketplaces']).toEqual(['US', 'amazon.co.uk', 'amazon.nl']);
    expect(rows.get('m3')!['marketplaces']).toEqual([]);
  });

  it('is told alike by both files, with what is not known absent', () => {
    expect([...all.rows.keys()]).toEqual([...all.photos.keys()]);
    for (const [imageId, { attributes, details = {}, sha256, views, ...photo }] of all.photos) {
      const row = all.rows.get(imageId)!;
      expect(photo).not.toHaveProperty('file');
      expect(row).toMatchObject(photo);
      expect(sha256).toBe('');
      expect(row['sha256']).toBeNull();
      const none = { marketplace: null, domain: null, country: null };
      expect(row['views']).toEqual(views.map((view) => ({ ...none, ...view })));
      for (const name of ['item_weight', 'model_year']) {
        expect(row[name]).toBe(attributes[name] === undefined ? null : Number(attributes[name]));
      }
      expect(row['model_number']).toBe(attributes['model_number'] ?? null);
      expect(row['item_weight_unit']).toBe(details['item_weight']?.unit ?? null);
    }
    expect(all.rows.get('m1')).toMatchObject({
      item_weight: 1.5,
      item_weight_unit: 'pounds',
      model_year: 2017,
    });
    expect(all.rows.get('m1')).toMatchObject({ model_number: '0012', width: 640, height: 480 });
  });

  it('gives its role to its samples, in both files', async () => {
    const roles = Object.fromEntries(all.samples.map(({ imageId, role }) => [imageId, role]));
    expect(roles).toEqual({ m1: 'main', m2: 'main', m3: 'main', m4: 'main', o1: 'other', o2: 'other' });
    const file = await asyncBufferFromFile(at('all', 'samples-product_type.parquet'));
    const rows = await parquetReadObjects({ file });
    expect(rows).toEqual(all.samples.map((sample) => ({ ...sample, sha256: null })));
  });
});

it('join counts missing images, orphans and conflicting paths each', () => {
  const join = all.summary.stages.find(({ name }) => name === 'join')!;
  expect(join).toMatchObject({ in: 12, out: 10, dropped: 2, quarantined: 0, orphans: 1 });
  const told = all.ledger.filter(({ stage }) => stage === 'join');
  expect(told.map(({ key, fate, reason }) => [key, fate, reason]).sort()).toEqual([
    ['gone', 'dropped', 'file-missing'],
    ['m1', 'conflict', 'image-path-conflict'],
    ['o2', 'conflict', 'image-path-conflict'],
    ['unknown', 'dropped', 'image-unknown'],
  ]);
});

it('join as a filter says how many there were of each', async () => {
  const input = ROWS.map((row) => JSON.stringify(row)).join('\n');
  const parsed = await pipeline(['parse', '-q'], { input });
  const exploded = await pipeline(['explode', '-q'], { input: parsed.stdout });
  const { stdout, stderr } = await pipeline(['join', '--source', at('dump')], { input: exploded.stdout });
  expect(jsonLines(stdout)).toHaveLength(10);
  expect(stderr.split('\n').slice(1)).toEqual([
    'join: 12 in, 10 out, 2 dropped, 1 orphans',
    '  2 conflict image-path-conflict',
    '  1 dropped file-missing',
    '  1 dropped image-unknown',
    '',
  ]);
});

it.each([
  // m1 and o1 are shown by a SHOES first and by two BOOTs after it.
  ['majority', { m1: 'BOOT', o1: 'BOOT' }],
  ['first', { m1: 'SHOES', o1: 'SHOES' }],
] as const)('conflicts: %s decides, and what it overruled is in the ledger', async (rule, types) => {
  const { photos, ledger } = await curate(`conflicts-${rule}`, `conflicts=${rule}`);
  const told = ledger.filter(({ reason }) => reason === 'attribute-conflict');
  for (const [imageId, type] of Object.entries(types)) {
    expect(photos.get(imageId)!.attributes['product_type'], imageId).toBe(type);
    const own = told.filter(({ key, detail }) => key === imageId && detail?.startsWith('product_type'));
    expect(own).toHaveLength(1);
    expect(own[0]).toMatchObject({ stage: 'deduplicate', fate: 'conflict' });
    expect(own[0]!.detail).toMatch(new RegExp(`^product_type: "${type}" \\([12]\\) over "`));
  }
});

it('views: main leaves other views out, and listings that have no other', async () => {
  const { photos, summary, ledger } = await curate('main', 'views=main');
  expect([...photos.keys()].sort()).toEqual(['m1', 'm2', 'm3', 'm4']);
  expect(photos.get('m1')!.views.map(({ itemId }) => itemId)).toEqual(['A-GB', 'B-NL']);
  const explode = summary.stages.find(({ name }) => name === 'explode');
  expect(explode).toMatchObject({ in: 6, added: 0, out: 5, dropped: 1 });
  expect(ledger.find(({ stage }) => stage === 'explode')).toMatchObject({
    key: 'F',
    reason: 'no-main-image',
  });
});

it('a number that is not written as one keeps the whole column text', async () => {
  const photo = all.photos.get('m1')!;
  const years = ['2017', 'MMXVII', '02017', '3e9'].map((model_year, index) => ({
    ...photo,
    file: '',
    imageId: `p${index}`,
    attributes: { model_year, item_weight: '1.50', item_width: String(index / 4) },
  }));
  await mkdir(at('numbers'));
  await writePhotos(at('numbers'), years.slice(0, 2), () => undefined);
  const read = async () =>
    parquetReadObjects({ file: await asyncBufferFromFile(at('numbers', 'photos.parquet')) });
  expect((await read()).map((row) => row['model_year'])).toEqual(['2017', 'MMXVII']);
  for (const year of years.slice(2)) {
    await writePhotos(at('numbers'), [year], () => undefined);
    const [row] = await read();
    expect(row).toMatchObject({ ...year.attributes, item_width: Number(year.attributes.item_width) });
  }
});

/** Opens photos and samples with each library: columns with their types, and what one photo and the nulls say. */
const PROGRAM = `
import json, sys
import duckdb, pandas, polars
run = sys.argv[1]
photos, samples = f'{run}/photos.parquet', f'{run}/samples-product_type.parquet'
found = {}

frames = [pandas.read_parquet(file) for file in (photos, samples)]
one = frames[0].set_index('imageId').loc['m1']
found['pandas'] = {
    'types': [{name: 'list' if frame[name].map(lambda value: hasattr(value, 'tolist')).all() else str(kind) for name, kind in frame.dtypes.items()} for frame in frames],
    'one': [float(one['item_weight']), one['items'].tolist(), [view['role'] for view in one['views']]],
    'nulls': int(frames[0]['item_weight'].isna().sum()),
    'mean': float(frames[0]['item_weight'].mean()),
    'roles': frames[1]['role'].value_counts().to_dict(),
    'jsonl': [len(pandas.read_json(f'{run}/photos.jsonl.gz', lines=True)), len(pandas.read_json(f'{run}/samples-product_type.jsonl', lines=True))],
}

frames = [polars.read_parquet(file) for file in (photos, samples)]
one = frames[0].filter(polars.col('imageId') == 'm1').to_dicts()[0]
found['polars'] = {
    'types': [{name: str(kind) for name, kind in frame.schema.items()} for frame in frames],
    'one': [one['item_weight'], one['items'], [view['role'] for view in one['views']]],
    'nulls': frames[0]['item_weight'].null_count(),
    'mean': frames[0]['item_weight'].mean(),
    'roles': dict(frames[1]['role'].value_counts().iter_rows()),
    'jsonl': [len(polars.read_ndjson(f'{run}/photos.jsonl.gz')), len(polars.read_ndjson(f'{run}/samples-product_type.jsonl'))],
}

query = lambda sql: duckdb.sql(sql).fetchall()
weight, items, roles = query(f"SELECT item_weight, items, [view.role for view in views] FROM '{photos}' WHERE imageId = 'm1'")[0]
found['duckdb'] = {
    'types': [{row[0]: row[1] for row in query(f"DESCRIBE SELECT * FROM '{file}'")} for file in (photos, samples)],
    'one': [weight, items, roles],
    'nulls': query(f"SELECT count(*) FROM '{photos}' WHERE item_weight IS NULL")[0][0],
    'mean': query(f"SELECT avg(item_weight) FROM '{photos}'")[0][0],
    'roles': dict(query(f"SELECT role, count(*) FROM '{samples}' GROUP BY role")),
    'jsonl': [query(f"SELECT count(*) FROM read_json('{run}/{name}')")[0][0] for name in ('photos.jsonl.gz', 'samples-product_type.jsonl')],
}
print(json.dumps(found))
`;

const [TEXT, LIST, VIEWS, NUMBER, INTEGER] = ['text', 'list', 'views', 'number', 'integer'];
const PHOTO_TYPES = {
  ...Object.fromEntries(
    ['imageId', 'path', 'sha256', 'role', 'component', 'split'].map((name) => [name, TEXT]),
  ),
  ...Object.fromEntries(['images', 'items', 'marketplaces'].map((name) => [name, LIST])),
  ...Object.fromEntries(['width', 'height', 'model_year'].map((name) => [name, INTEGER])),
  ...Object.fromEntries(
    ['color', 'item_name', 'item_weight_unit', 'model_number', 'product_type'].map((name) => [name, TEXT]),
  ),
  item_weight: NUMBER,
  views: VIEWS,
};
const SAMPLE_TYPES = Object.fromEntries(
  ['path', 'label', 'split', 'component', 'imageId', 'sha256', 'task', 'role'].map((name) => [name, TEXT]),
);

/** What each library calls the types; pandas has a number for whole numbers with nulls, and objects for columns of nulls. */
const CALLED: Readonly<Record<string, (type: string) => string | undefined>> = {
  pandas: (type) =>
    ({ str: TEXT, object: TEXT, list: LIST, int32: INTEGER, float64: NUMBER })[type] as string | undefined,
  polars: (type) =>
    type.startsWith('List(Struct(')
      ? VIEWS
      : ({ String: TEXT, 'List(String)': LIST, Int32: INTEGER, Float64: NUMBER }[type] as string | undefined),
  duckdb: (type) =>
    /^STRUCT\(.*\)\[\]$/.test(type)
      ? VIEWS
      : ({ VARCHAR: TEXT, 'VARCHAR[]': LIST, INTEGER, DOUBLE: NUMBER }[type] as string | undefined),
};
const ALSO_PANDAS = { model_year: NUMBER, views: LIST };

describe.skipIf(python === undefined)('what curation writes opens with proper types', () => {
  let found: Record<string, { types: Record<string, string>[] } & Record<string, unknown>>;
  beforeAll(() => {
    const { stdout, stderr } = spawnSync(python!, ['-c', PROGRAM, at('all')], { encoding: 'utf8' });
    expect(stderr).toBe('');
    found = JSON.parse(stdout) as typeof found;
  }, 60_000);

  it.each(Object.keys(CALLED))('in %s', (library) => {
    const { types, ...values } = found[library]!;
    const called = types.map((columns) =>
      Object.fromEntries(
        Object.entries(columns).map(([name, type]) => [name, CALLED[library]!(type) ?? type]),
      ),
    );
    const photos = library === 'pandas' ? { ...PHOTO_TYPES, ...ALSO_PANDAS } : PHOTO_TYPES;
    expect(called).toEqual([photos, SAMPLE_TYPES]);
    expect(values).toEqual({
      one: [1.5, ['A-GB', 'B-NL', 'C-US'], ['main', 'main', 'other']],
      nulls: 4,
      mean: 1.5,
      roles: { main: 4, other: 2 },
      jsonl: [6, 6],
    });
  });
});
