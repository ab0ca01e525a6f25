import { expect, it } from 'vitest';
import type { RawRow } from '#src/sources/source.js';
import { parse, parseRow } from '#src/stages/parse.js';
import { runOver, testContext } from '../context.js';

const row = (value: unknown, line = 1): RawRow => ({
  text: JSON.stringify(value),
  shard: 'listings_0.json.gz',
  line,
});

it('reads every genuine shape of a value', () => {
  const { listing, ignored } = parseRow(
    row({
      item_id: 'B1',
      main_image_id: 'm',
      other_image_id: ['o'],
      country: 'NL',
      domain_name: 'amazon.nl',
      marketplace: 'Amazon',
      brand: [{ language_tag: 'nl_NL', value: 'find.' }],
      color: [{ language_tag: 'en_US', standardized_values: ['Blue'], value: 'navy' }],
      product_type: 'SHOES',
      model_number: [{ value: '12-05' }],
      model_year: [{ value: 2017 }],
      node: [
        { node_id: 1, node_name: '/Shoes' },
        { node_id: 2, path: '/Boots' },
      ],
      item_dimensions: {
        height: { normalized_value: { unit: 'inches', value: 0.87 }, unit: 'cm', value: 2.2 },
      },
      item_weight: [{ normalized_value: { unit: 'pounds', value: 1.5 }, unit: 'kg', value: 0.7 }],
    }),
  );
  expect(ignored).toEqual([]);
  expect(listing).toMatchObject({
    itemId: 'B1',
    mainImageId: 'm',
    otherImageIds: ['o'],
    country: 'NL',
    domain: 'amazon.nl',
    attributes: {
      brand: [{ value: 'find.', language: 'nl_NL' }],
      color: [{ value: 'navy', language: 'en_US', standardized: ['Blue'] }],
      product_type: [{ value: 'SHOES' }],
      model_number: [{ value: '12-05' }],
      model_year: [{ value: '2017' }],
      node: [{ value: '/Shoes' }, { value: '/Boots' }],
      item_height: [{ value: '0.87', unit: 'inches' }],
      item_weight: [{ value: '1.5', unit: 'pounds' }],
    },
  });
});

it('merges rows that say the same, in any order of keys, and keeps different rows of one item', async () => {
  const context = testContext();
  const listings = await runOver(
    parse(),
    [
      row({ item_id: 'A', country: 'DE' }, 1),
      row({ country: 'DE', item_id: 'A' }, 2),
      row({ item_id: 'A' }, 3),
    ],
    context,
  );
  expect(listings.map(({ line }) => line)).toEqual([1, 3]);
  expect(context.entries).toMatchObject([
    { key: 'listings_0.json.gz:2', fate: 'merged', reason: 'identical-row', into: 'listings_0.json.gz:1' },
  ]);
});

it('quarantines what is not a listing, each with its reason, and goes on', async () => {
  const context = testContext();
  const bad: RawRow[] = [
    { text: '{"item_id": ' },
    { text: '[1]' },
    { text: '{"country": "DE"}' },
    { text: '', fault: { reason: 'invalid-utf8', detail: 'Expected UTF-8' } },
  ];
  expect(await runOver(parse(), [...bad, row({ item_id: 'A' })], context)).toHaveLength(1);
  expect(context.entries.map(({ reason }) => reason)).toEqual([
    'invalid-json',
    'not-an-object',
    'item-id-missing',
    'invalid-utf8',
  ]);
});

it('notes a value of an unusable shape and keeps the row; keys such as __proto__ are harmless', async () => {
  const context = testContext();
  const text = '{"item_id":"A","brand":{"a":1},"__proto__":[{"value":"x"}],"country":7}';
  const [listing] = await runOver(parse(), [{ text }], context);
  expect(listing?.country).toBeUndefined();
  expect(({} as Record<string, unknown>)['value']).toBeUndefined();
  expect(Object.keys(listing!.attributes)).toEqual(['__proto__']);
  expect(context.entries.map(({ fate, reason }) => [fate, reason])).toEqual([
    ['conflict', 'value-ignored'],
    ['conflict', 'value-ignored'],
  ]);
});
