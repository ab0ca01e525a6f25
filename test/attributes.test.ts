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
  const listings = [{ color: 'red', brand: 'A' }, { color: 'blue' }, { color: 'blue', brand: 'A' }];

  it('by majority, ties to the first', () => {
    const { values, conflicts } = resolveConflicts(listings, 'majority');
    expect(values).toEqual({ color: 'blue', brand: 'A' });
    expect(conflicts).toEqual([{ attribute: 'color', detail: 'color: "blue" (2) over "red" (1)' }]);
    expect(resolveConflicts(listings.slice(0, 2), 'majority').values).toMatchObject({ color: 'red' });
  });

  it('by the first that has a value', () => {
    expect(resolveConflicts(listings, 'first').values).toEqual({ color: 'red', brand: 'A' });
  });
});

it('matches values across Unicode forms, spaces and case', () => {
  expect(matchKey('  Off-WHITE\u00a0 x ')).toBe('off-white x');
  expect(matchKey('ｃａｆｅ\u0301')).toBe(matchKey('CAFÉ'));
});
