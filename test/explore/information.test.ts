import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contingency } from '#src/explore/information.js';

function informationOf(pairs: readonly (readonly [number, number])[]) {
  const counted = contingency();
  for (const [value, label] of pairs) counted.add(value, label);
  return counted.result();
}

/** The plug-in estimate by its definition, in bits. */
function plain(pairs: readonly (readonly [number, number])[]): number {
  const share = (keep: (pair: readonly [number, number]) => boolean) =>
    pairs.filter(keep).length / pairs.length;
  let bits = 0;
  for (const text of new Set(pairs.map(String))) {
    const [value, label] = text.split(',').map(Number);
    const both = share(([v, l]) => v === value && l === label);
    bits += both * Math.log2(both / (share(([v]) => v === value) * share(([, l]) => l === label)));
  }
  return bits;
}

function permutations(list: readonly number[]): number[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((first, at) => permutations(list.toSpliced(at, 1)).map((rest) => [first, ...rest]));
}

describe('mutual information', () => {
  it('is as worked out by hand on a table of two by two', () => {
    // 4 records, value and label agree: 1 bit. By chance an overlap of two equal halves is 0, 1 or 2 with chances
    // 1/6, 4/6, 1/6; only 2 gives something, 2/4 · log2(4 · 2 / (2 · 2)) = 1/2, in each of 4 cells: 4 · 1/6 · 1/2 = 1/3.
    const found = informationOf([[0, 0], [0, 0], [1, 1], [1, 1]])!; // biome-ignore format: one row
    expect(found).toMatchObject({ records: 4, bits: 1, entropy: 1, adjusted: 1 });
    expect(found.explained).toBeCloseTo(2 / 3, 12);
    expect(found.chance).toBeCloseTo(1 / 3, 12);
    // 8 records: (0,0) 3, (0,1) 1, (1,0) 1, (1,1) 3: 2 · 3/8 · log2(3/2) + 2 · 1/8 · log2(1/2) = 0.188722 bits.
    const [a, b, c, d] = [[0, 0], [0, 1], [1, 0], [1, 1]] as const; // biome-ignore format: one row
    expect(informationOf([a, a, a, b, c, d, d, d])!.bits).toBeCloseTo(0.75 * Math.log2(1.5) - 0.25, 12);
  });

  it('gives nothing to a key with a value a record, and nothing to one value for all', () => {
    const labels = [0, 0, 1, 1, 2, 2, 2, 0, 1, 0];
    const unique = informationOf(labels.map((label, at) => [at, label]))!;
    expect(unique.bits).toBeCloseTo(unique.entropy, 12);
    expect(unique.chance).toBeCloseTo(unique.entropy, 12);
    expect(unique.explained).toBeCloseTo(0, 9);
    expect(unique.adjusted).toBe(0);
    const constant = informationOf(labels.map((label) => [7, label]))!;
    expect([constant.bits, constant.chance, constant.explained].map((x) => Math.round(x * 1e9))).toEqual([
      0, 0, 0,
    ]);
  });

  it('knows no more than was added', () => expect(contingency().result()).toBeUndefined());

  const pairs = (most: number) => fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { minLength: 1, maxLength: most });

  it('expects by chance the mean over all ways to pair values with labels', () => {
    fc.assert(
      fc.property(pairs(6), (given) => {
        const found = informationOf(given)!;
        const labels = given.map(([, label]) => label);
        const all = permutations(labels).map((dealt) =>
          plain(given.map(([value], at) => [value, dealt[at]!])),
        );
        expect(found.bits).toBeCloseTo(plain(given), 9);
        expect(found.chance).toBeCloseTo(all.reduce((sum, bits) => sum + bits, 0) / all.length, 9);
      }),
      { numRuns: 60 },
    );
  });

  it('is the same in any order, and whatever the numbers are', () => {
    fc.assert(
      fc.property(pairs(60), fc.integer({ min: 1, max: 2 ** 30 }), (given, shift) => {
        const found = informationOf(given);
        expect(informationOf([...given].reverse())).toEqual(found);
        expect(informationOf(given.map(([value, label]) => [value + shift, 2 - label]))).toEqual(found);
      }),
    );
  });

  it('is near 0 for values dealt at random, where the plain estimate is far above', () => {
    // 2,000 records, 500 values in turn against 10 labels: a fixed linear congruential sequence.
    let state = 12345;
    const next = (n: number) => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((state / 2 ** 31) * n);
    };
    const found = informationOf(Array.from({ length: 2000 }, () => [next(500), next(10)]))!;
    expect(found.bits / found.entropy).toBeGreaterThan(0.4);
    expect(Math.abs(found.explained)).toBeLessThan(0.03);
  });
});
