import { expect, it } from 'vitest';
import { memberReader } from '#src/listings/member.js';

const valuesOf = (read: ReturnType<typeof memberReader>, name: string, value: unknown) =>
  read(name, value).attributes[0]![1];

it('holds one value once, whichever row says it', () => {
  const read = memberReader();
  const brand = () => [{ language_tag: 'en_US', value: 'Rivet' }];
  expect(valuesOf(read, 'brand', brand())).toBe(valuesOf(read, 'brand', brand()));
});

it('tells apart what differs in language, unit or text', () => {
  const read = memberReader();
  const said = [
    [{ value: 'Rivet' }],
    [{ value: 'Rivet', language_tag: 'en_US' }],
    [{ value: 'USRivet', language_tag: 'en_' }],
    [{ value: '5:en_USRivet' }],
    [{ value: 'Rivet', unit: 'kilograms' }],
    [{ value: 'Rivet', standardized_values: ['Black'] }],
    [{ value: 'Rivet' }, { value: 'Rivet' }],
  ];
  const first = said.map((value) => valuesOf(read, 'brand', value));
  const again = said.map((value) => valuesOf(read, 'brand', value));
  expect(again).toEqual(first);
  expect(new Set(first.map((values) => JSON.stringify(values))).size).toBe(said.length);
});

it('gives up on attributes whose values are all different', () => {
  const read = memberReader();
  for (let item = 0; item < 2000; item++) valuesOf(read, 'item_name', `name ${item}`);
  expect(valuesOf(read, 'item_name', 'name 1')).toEqual([{ value: 'name 1' }]);
  expect(valuesOf(read, 'item_name', 'new')).not.toBe(valuesOf(read, 'item_name', 'new'));
});

it('keeps no half of a surrogate pair, which other readers of JSON refuse', () => {
  const read = memberReader();
  const value = (one: unknown) => read('color', one).attributes[0]![1][0]!.value;
  expect(value([{ value: 'RE\ud800D' }])).toBe('RE\uFFFDD');
  expect(value('\udc00')).toBe('\uFFFD');
  expect(value('🛋 \u{1F6CB}')).toBe('🛋 \u{1F6CB}');
  expect(read('item_id', 'A\udfff').text).toBe('A\uFFFD');
  expect(read('other_image_id', ['x\ud800', 'y']).ids).toEqual(['x\uFFFD', 'y']);
});
