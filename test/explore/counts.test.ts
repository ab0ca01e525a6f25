import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countsByNumber, numberSet } from '#src/explore/counts.js';

const key = fc.oneof(
  fc.nat(40),
  fc.nat(1000).map((value) => value * 2 ** 21),
  fc.maxSafeNat(),
  fc.constant(2 ** 53 - 1),
);

it('counts as a Map does: small keys, dense ones, and those of 53 bits', () => {
  const added = fc.array(fc.tuple(key, fc.integer({ min: 1, max: 5 })), { maxLength: 400 });
  fc.assert(
    fc.property(added, (all) => {
      const counts = countsByNumber();
      const expected = new Map<number, number>();
      for (const [one, by] of all) {
        expected.set(one, (expected.get(one) ?? 0) + by);
        expect(counts.add(one, by)).toBe(expected.get(one));
      }
      expect(counts.size).toBe(expected.size);
      expect(new Map(counts.entries())).toEqual(expected);
      expect([...counts.values()].sort()).toEqual([...expected.values()].sort());
      for (const [one, count] of expected) expect(counts.get(one)).toBe(count);
      expect(counts.get(41)).toBe(expected.get(41) ?? 0);
    }),
  );
});

it('holds different numbers as a Set does', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), (all) => {
      const numbers = numberSet();
      for (const one of all) numbers.add(one);
      expect(numbers.size).toBe(new Set(all).size);
      expect(new Set(numbers.keys())).toEqual(new Set(all));
    }),
  );
});
