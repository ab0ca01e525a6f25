import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRows } from '#src/sources/shard.js';
import { viewsOf } from '#src/stages/explode.js';
import { parseRow } from '#src/stages/parse.js';
import { collect } from '../context.js';
import { absent, SAMPLE } from '../shared.js';

const parsed = (row: object) => parseRow({ text: JSON.stringify(row), shard: 'listings_0.json.gz', line: 7 });
const inches = (value: number) => ({
  normalized_value: { unit: 'inches', value },
  unit: 'centimeters',
  value: value * 2.54,
});

/** Each key that becomes an attribute, in every shape that ABO's rows or its readme have, and what is read of it. */
const SHAPES: readonly (readonly [key: string, raw: unknown, attributes: object])[] = [
  ...[
    'item_name',
    'brand',
    'bullet_point',
    'item_keywords',
    'product_description',
    'color',
    'material',
    'style',
    'pattern',
    'fabric_type',
    'finish_type',
    'item_shape',
    'model_name',
  ].map(
    (key) =>
      [
        key,
        [
          { language_tag: 'nl_NL', value: 'Blauw' },
          { language_tag: 'en_GB', value: 'Blue ' },
          { value: 'ＢＬＵＥ' },
        ],
        {
          [key]: [
            { value: 'Blauw', language: 'nl_NL' },
            // As it is written: folding is for matching.
            { value: 'Blue ', language: 'en_GB' },
            { value: 'ＢＬＵＥ' },
          ],
        },
      ] as const,
  ),
  [
    'color',
    [{ language_tag: 'en_US', standardized_values: ['Blue', 'White'], value: 'navy' }],
    { color: [{ value: 'navy', language: 'en_US', standardized: ['Blue', 'White'] }] },
  ],
  [
    'material',
    [{ language_tag: 'de_DE', standardized_values: ['leather'], value: 'Leder' }],
    { material: [{ value: 'Leder', language: 'de_DE', standardized: ['leather'] }] },
  ],
  ['color', [{ standardized_values: [], value: 'navy' }], { color: [{ value: 'navy', standardized: [] }] }],
  ['color_code', ['#0000FF', '#fff'], { color_code: [{ value: '#0000FF' }, { value: '#fff' }] }],
  ['product_type', [{ value: 'SHOES' }], { product_type: [{ value: 'SHOES' }] }],
  ['product_type', 'SHOES', { product_type: [{ value: 'SHOES' }] }],
  ['model_number', [{ value: '0012-05' }], { model_number: [{ value: '0012-05' }] }],
  ['model_year', [{ value: 2017 }], { model_year: [{ value: '2017' }] }],
  [
    'node',
    [
      { node_id: 16391787031, node_name: '/Categorieën/Dames/Schoenen' },
      { node_id: 2, path: '/Categories/Shoes' },
    ],
    { node: [{ value: '/Categorieën/Dames/Schoenen' }, { value: '/Categories/Shoes' }] },
  ],
  [
    'item_dimensions',
    { height: inches(0.87), length: inches(22), width: inches(0.9) },
    {
      item_height: [{ value: '0.87', unit: 'inches' }],
      item_length: [{ value: '22', unit: 'inches' }],
      item_width: [{ value: '0.9', unit: 'inches' }],
    },
  ],
  [
    'item_dimensions',
    { width: { unit: 'meters', value: 1 } },
    { item_width: [{ value: '1', unit: 'meters' }] },
  ],
  [
    'item_weight',
    [{ normalized_value: { unit: 'pounds', value: 1.45 }, unit: 'kilograms', value: 0.66 }],
    { item_weight: [{ value: '1.45', unit: 'pounds' }] },
  ],
  ['item_weight', [{ unit: 'grams', value: 5 }], { item_weight: [{ value: '5', unit: 'grams' }] }],
  ['3dmodel_id', 'B07B4MJXVX', { '3dmodel_id': [{ value: 'B07B4MJXVX' }] }],
  ['spin_id', 'ab12cd34', { spin_id: [{ value: 'ab12cd34' }] }],
];

/** Those that become fields of a listing. */
const FIELDS = {
  item_id: 'B1',
  domain_name: 'amazon.nl',
  marketplace: 'Amazon',
  country: 'NL',
  main_image_id: 'm+1-A',
  other_image_id: ['o1', 'o2', 'm+1-A', 'o1'],
};

describe('the 28 keys of a listing', () => {
  it('are all here', () => {
    expect(new Set([...Object.keys(FIELDS), ...SHAPES.map(([key]) => key)]).size).toBe(28);
  });

  it.each(SHAPES)('%s as %j', (key, raw, attributes) => {
    const { listing, ignored } = parsed({ item_id: 'B1', [key]: raw });
    expect(listing.attributes).toEqual(attributes);
    expect(ignored).toEqual([]);
  });

  it('six are fields, and an image that is named twice is one view', () => {
    const { listing, ignored } = parsed(FIELDS);
    expect(listing).toMatchObject({
      itemId: 'B1',
      domain: 'amazon.nl',
      marketplace: 'Amazon',
      country: 'NL',
      mainImageId: 'm+1-A',
      attributes: {},
      shard: 'listings_0.json.gz',
      line: 7,
    });
    expect(ignored).toEqual([]);
    expect(viewsOf(listing).map(({ imageId, role }) => [imageId, role])).toEqual([
      ['m+1-A', 'main'],
      ['o1', 'other'],
      ['o2', 'other'],
    ]);
    const place = { itemId: 'B1', domain: 'amazon.nl', marketplace: 'Amazon', country: 'NL' };
    for (const view of viewsOf(listing)) expect(view).toMatchObject(place);
  });

  it('may be absent or null, but for item_id, and say nothing then', () => {
    const keys = [...Object.keys(FIELDS), ...SHAPES.map(([key]) => key)].filter((key) => key !== 'item_id');
    const nulls = Object.fromEntries(keys.map((key) => [key, null]));
    for (const row of [{ item_id: 'B1' }, { item_id: 'B1', ...nulls }]) {
      const { listing, ignored } = parsed(row);
      const { digest: _, ...known } = listing;
      expect(known).toEqual({
        itemId: 'B1',
        otherImageIds: [],
        attributes: {},
        shard: 'listings_0.json.gz',
        line: 7,
      });
      expect(ignored).toEqual([]);
    }
    expect(() => parsed({ country: 'NL' })).toThrow('item_id');
  });
});

describe.skipIf(absent(SAMPLE))('genuine rows', () => {
  it('lose no text, language, number or image, and views keep them all', async () => {
    const bytes = await readFile(join(SAMPLE, 'genuine_rows.jsonl'));
    const rows = await collect(
      readRows(
        (async function* () {
          yield bytes;
        })(),
        { signal: new AbortController().signal },
      ),
    );
    expect(rows).toHaveLength(7);
    for (const row of rows) {
      const raw = JSON.parse(row.text) as Record<string, unknown>;
      const { listing, ignored } = parseRow(row);
      expect(ignored).toEqual([]);
      const views = viewsOf(listing);
      const { main_image_id: main, other_image_id: others = [] } = raw as {
        main_image_id: string;
        other_image_id?: string[];
      };
      expect(views.map(({ imageId }) => imageId)).toEqual([...new Set([main, ...others])]);
      for (const [key, values] of Object.entries(raw)) {
        if (!Array.isArray(values) || key === 'other_image_id') continue;
        const expected = (values as { language_tag?: string; value?: unknown; node_name?: string }[]).map(
          ({ language_tag, value, node_name }) => [language_tag, String(value ?? node_name)],
        );
        for (const { attributes } of views) {
          expect(attributes[key]!.map(({ language, value }) => [language, value])).toEqual(expected);
        }
      }
      for (const [axis, size] of Object.entries((raw['item_dimensions'] as object | undefined) ?? {})) {
        const { unit, value } = (size as { normalized_value: { unit: string; value: number } })
          .normalized_value;
        expect(listing.attributes[`item_${axis}`]).toEqual([{ value: String(value), unit }]);
      }
    }
  });
});
