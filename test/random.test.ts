import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bijection, drawAt, hash32, randomSource, uniform } from '#src/random.js';

it('draws are functions of their keys alone', () => {
  fc.assert(
    fc.property(fc.integer(), fc.string(), fc.nat(), (seed, key, index) => {
      const a = randomSource(seed).fork('stage');
      a.uniform('something else');
      expect(a.uniform(key, index)).toBe(randomSource(seed).fork('stage').uniform(key, index));
      expect(a.uniform(key, index)).toBeGreaterThanOrEqual(0);
      expect(a.uniform(key, index)).toBeLessThan(1);
    }),
  );
});

it('keys are kept apart', () => {
  expect(hash32('ab', 'c')).not.toBe(hash32('a', 'bc'));
  expect(hash32('1')).not.toBe(hash32(1));
  expect(hash32(1, 2)).not.toBe(hash32(2, 1));
  expect(randomSource(1).fork('a').uniform('k')).not.toBe(randomSource(1).fork('b').uniform('k'));
});

it('draws are spread evenly (chi-squared over 64 bins, for consecutive and for textual keys, and of one seed)', () => {
  const draws = [
    (i: number) => uniform(7, i),
    (i: number) => uniform(7, `photo-${i}`),
    (i: number) => drawAt(hash32(7), i) / 2 ** 32,
  ];
  for (const draw of draws) {
    const bins = new Array<number>(64).fill(0);
    const n = 64_000;
    for (let i = 0; i < n; i++) bins[Math.floor(draw(i) * 64)]! += 1;
    const expected = n / 64;
    const chi = bins.reduce((sum, observed) => sum + (observed - expected) ** 2 / expected, 0);
    // The 99.9 % point of chi-squared with 63 degrees of freedom is 103.4; the draws are fixed, so this is exact.
    expect(chi).toBeLessThan(103.4);
  }
});

it('integers stay in their range', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.string(), (bound, key) => {
      const n = randomSource(3).integer(bound, key);
      expect(Number.isInteger(n) && n >= 0 && n < bound).toBe(true);
    }),
  );
});

it('permutes every range into itself', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(600), fc.integer({ min: 60_000, max: 70_000 })),
      fc.integer(),
      (length, seed) => {
        const at = bijection(length, seed);
        const seen = new Uint8Array(length);
        for (let index = 0; index < length; index++) seen[at(index)]! += 1;
        expect(seen.every((times) => times === 1)).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

it('permutes evenly: all 24 orders of 4, and all places of one of 100', () => {
  const orders = new Map<string, number>();
  const places = new Array<number>(100).fill(0);
  const n = 24_000;
  for (let seed = 0; seed < n; seed++) {
    const order = [0, 1, 2, 3].map(bijection(4, seed)).join('');
    orders.set(order, (orders.get(order) ?? 0) + 1);
    places[bijection(100, 'place', seed)(17)]! += 1;
  }
  const chi = (counts: number[], expected: number) =>
    counts.reduce((sum, observed) => sum + (observed - expected) ** 2 / expected, 0);
  expect(orders.size).toBe(24);
  // 99.9 % quantiles of chi-squared with 23 and with 99 degrees of freedom.
  expect(chi([...orders.values()], n / 24)).toBeLessThan(49.7);
  expect(chi(places, n / 100)).toBeLessThan(148.2);
});
