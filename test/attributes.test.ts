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
      }),
    ).toEqual({ color: 'Blue', brand: 'Brand', style: 'Stil' });
  });

  it('keeps a key like __proto__ a key', () => {
    const chosen = chooseValues(Object.fromEntries([['__proto__', [{ value: 'x' }]]]));
    expect(Object.entries(chosen)).toEqual([['__proto__', 'x']]);
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
