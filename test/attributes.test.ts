import { describe, expect, it } from 'vitest';
import { chooseValues, matchKey, resolveConflicts } from '#src/attributes.js';

describe('chooseValues', () => {
  it('prefers US English, then any English, then the first', () => {
    expect(
      chooseValues({
        color: [
          { value: 'Blau', language: 'de_DE' },
          { value: 'Blue', language: 'en_US' },
        ],
        brand: [
          { value: 'Marke', language: 'de_DE' },
          { value: 'Brand', language: 'en_GB' },
        ],
        style: [
          { value: 'Stil', language: 'de_DE' },
          { value: 'Stijl', language: 'nl_NL' },
        ],
        item_keywords: [{ value: 'never a label' }],
        pattern: [],
      }).values,
    ).toEqual({ color: 'Blue', brand: 'Brand', style: 'Stil' });
  });

  it('keeps a key like __proto__ a key', () => {
    const chosen = chooseValues(Object.fromEntries([['__proto__', [{ value: 'x' }]]]));
    expect(Object.entries(chosen.values)).toEqual([['__proto__', 'x']]);
    const german = { value: 'x', language: 'de_DE' };
    const { details } = chooseValues(Object.fromEntries([['__proto__', [german]]]));
    expect(Object.entries(details)).toEqual([['__proto__', { language: 'de_DE' }]]);
  });

  const color = [
    { value: 'Bleu', language: 'fr_FR' },
    { value: 'Blau', language: 'de_AT' },
    { value: 'Blue', language: 'en_GB' },
    { value: '?' },
  ];
  it.each([
    [['de_DE', 'de_*', '*'], 'Blau'],
    [['*'], 'Bleu'],
    [['en_US', 'fr_FR'], 'Bleu'],
    [['ja_*', 'en_*'], 'Blue'],
    [['ja_JP'], undefined],
    [['EN-gb', '*'], 'Blue'],
    [['de-*', '*'], 'Blau'],
    [['fr-fr_*'], 'Bleu'],
  ])('prefers languages by %j', (languages, value) => {
    expect(chooseValues({ color }, languages).values['color']).toBe(value);
  });

  it('keeps beside a text what the text does not say, and nothing of names', () => {
    const { details } = chooseValues(
      {
        color: [
          { value: 'Dunkel', language: 'de_DE', standardized: ['Blue'] },
          { value: '紺', language: 'ja_JP' },
          { value: 'Dunkel', language: 'nl_NL' },
        ],
        item_weight: [{ value: '2', unit: 'pounds' }],
        style: [{ value: 'Modern', language: 'en_US' }],
        item_name: [
          { value: 'Chair', language: 'en_US' },
          { value: 'Stuhl', language: 'de_DE' },
        ],
      },
      ['de_*', 'en_*', '*'],
    );
    expect(details).toEqual({
      color: { language: 'de_DE', standardized: ['Blue'], variants: ['紺'] },
      item_weight: { unit: 'pounds' },
      item_name: { language: 'de_DE' },
    });
  });
});

describe('resolveConflicts', () => {
  const said = (values: Record<string, string>, details = {}) => ({ values, details });
  const listings = [
    said({ color: 'red', brand: 'A' }),
    said({ color: 'blue' }),
    said({ color: 'blue', brand: 'A' }),
  ];

  it('by majority, ties to the first', () => {
    const { values, conflicts } = resolveConflicts(listings, 'majority');
    expect(values).toEqual({ color: 'blue', brand: 'A' });
    expect(conflicts).toEqual([{ attribute: 'color', detail: 'color: "blue" (2) over "red" (1)' }]);
    expect(resolveConflicts(listings.slice(0, 2), 'majority').values).toMatchObject({ color: 'red' });
  });

  it('by the first that has a value', () => {
    expect(resolveConflicts(listings, 'first').values).toEqual({ color: 'red', brand: 'A' });
  });

  it('counts writings of one value together', () => {
    const types = ['SOFA', 'SOFA', 'CHAIR', 'chair', 'ＣＨＡＩＲ ', 'chair'].map((type) => said({ type }));
    const found = resolveConflicts(types, 'majority');
    expect(found.values).toEqual({ type: 'chair' });
    expect(found.conflicts).toEqual([{ attribute: 'type', detail: 'type: "chair" (4) over "SOFA" (2)' }]);
    expect(resolveConflicts(types.slice(2), 'majority').conflicts).toEqual([]);
    expect(resolveConflicts(types.slice(2), 'first').values).toEqual({ type: 'CHAIR' });
  });

  it('knows of a value what most of those know that know something', () => {
    const colors = [undefined, ['Red'], ['Black'], ['Black'], undefined, undefined].map((standardized) =>
      said({ color: 'Zorbo' }, standardized && { color: { standardized } }),
    );
    expect(resolveConflicts(colors, 'majority').details).toEqual({ color: { standardized: ['Black'] } });
    expect(resolveConflicts(colors, 'first').details).toEqual({ color: { standardized: ['Red'] } });
  });

  it('takes a number and its unit together', () => {
    const weights = ['pounds', 'grams', 'grams'].map((unit) =>
      said({ item_weight: '5' }, { item_weight: { unit } }),
    );
    expect(resolveConflicts(weights, 'majority')).toEqual({
      values: { item_weight: '5' },
      details: { item_weight: { unit: 'grams' } },
      conflicts: [{ attribute: 'item_weight', detail: 'item_weight: "5 grams" (2) over "5 pounds" (1)' }],
    });
    expect(resolveConflicts(weights, 'first').details).toEqual({ item_weight: { unit: 'pounds' } });
  });
});

it('matches values across Unicode forms, spaces and case', () => {
  expect(matchKey('  Off-WHITE\u00a0 x ')).toBe('off-white x');
  expect(matchKey('ｃａｆｅ\u0301')).toBe(matchKey('CAFÉ'));
});
