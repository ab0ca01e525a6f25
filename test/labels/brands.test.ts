import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brandKeys } from '#src/labels/brands.js';
import type { LabelValue } from '#src/labels/reader.js';

const keysOf = (values: readonly (string | LabelValue)[]) =>
  brandKeys(values.map((value) => (typeof value === 'string' ? { value } : value)));

/** Whether all texts are one brand, given that all data say no more than they. */
function oneBrand(...texts: string[]): boolean {
  const keyOf = keysOf(texts);
  return new Set(texts.map(keyOf)).size === 1;
}

describe('brandKeys', () => {
  it.each([
    ['find.', 'Find', 'FIND', 'ｆｉｎｄ．'],
    ['AmazonBasics', 'Amazon Basics', 'amazon-basics', 'Amazon Basics®', 'AMAZON BASICS™'],
    ['Stone & Beam', 'Stone and Beam', 'STONE + BEAM', 'Stone und Beam'],
    [
      'Solimo',
      'Amazon Brand - Solimo',
      'Amazon-Marke: Solimo',
      'Marca Amazon – Solimo',
      'Amazon-merk - SOLIMO',
    ],
    ['Amazon', 'by Amazon', 'von Amazon', 'par Amazon', 'door AMAZON'],
    ['Simple Joys', "Simple Joys by Carter's", 'simple joys von Carters'],
    ["Simple Joys by Carter's", 'simple joys von Carter’s'],
    ['Señor', 'SENOR'],
    ['アマゾン', 'アマゾン (Amazon)', 'Amazon'],
    ['Amazon Basics', 'Amazonベーシック(Amazon Basics)', 'Amazonベーシック'],
    ['!!!', ' !!! '],
  ])('%s, however it is written', (...texts) => {
    expect(oneBrand(...texts)).toBe(true);
  });

  it.each([
    ['Diane von Furstenberg', 'Diane Keaton'],
    ['365 by Whole Foods Market', '365 by Another'],
    ['!!!', '???'],
    ['Umi', 'Umi Essentials'],
    ['Black (Label)', 'Black'],
    ['C++', 'C#', 'C'],
  ])('%s is not %s', (...texts) => {
    expect(oneBrand(...texts)).toBe(false);
  });

  it('merges a text with the brand that stands beside it in other languages', () => {
    const both = (value: string, variant: string): LabelValue => ({ value, variants: [variant] });
    const keyOf = keysOf([both('Amazon Basics', 'ベーシック'), both('AmazonBasics', 'ベーシック'), 'Umi']);
    expect(keyOf('ベーシック')).toBe(keyOf('Amazon Basics'));
    expect(keyOf('Umi')).not.toBe(keyOf('Amazon Basics'));
    // Where they do not agree, and where the text is an English brand itself, it stays alone.
    const split = keysOf([both('A', 'ア'), both('B', 'ア')]);
    expect(new Set(['A', 'B', 'ア'].map(split)).size).toBe(3);
    const own = keysOf([both('Rivet', 'Amazon'), 'Amazon']);
    expect(own('Rivet')).not.toBe(own('Amazon'));
  });

  it('does not depend on the order of the values', () => {
    const text = fc.constantFrom('A', 'a.', 'A by B', 'B', 'B von C', 'ア (A)', 'ア', 'C');
    const value = fc.record({ value: text, variants: fc.array(text, { maxLength: 2 }) });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (values) => {
        const [there, back] = [keysOf(values), keysOf([...values].reverse())];
        for (const { value: one } of values) expect(back(one)).toBe(there(one));
      }),
    );
  });
});
