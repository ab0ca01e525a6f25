import fc from 'fast-check';
import { expect, it } from 'vitest';
import { imageIdOf, imagePathOf, itemIdOf, MOST_ORDINALS, scramble } from '#src/synth/ids.js';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

it('scrambles every small range into a permutation of itself', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(2, 4, 8, 12), fc.string(), (seed, bits, name) => {
      const size = 2 ** bits;
      const seen = new Set(Array.from({ length: size }, (_, index) => scramble(index, bits, seed, name)));
      expect(seen.size).toBe(size);
      expect(Math.max(...seen)).toBe(size - 1);
    }),
    { numRuns: 60 },
  );
});

it('gives different ordinals different ids of every kind', () => {
  const ordinals = fc.uniqueArray(fc.integer({ min: 0, max: MOST_ORDINALS - 1 }), { maxLength: 200 });
  fc.assert(
    fc.property(seeds, ordinals, (seed, list) => {
      for (const idOf of [imageIdOf, itemIdOf, imagePathOf]) {
        const ids = new Set(list.map((ordinal) => idOf(seed, ordinal)));
        expect(ids.size).toBe(list.length);
      }
    }),
    { numRuns: 100 },
  );
});

it('writes ids as ABO does', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: MOST_ORDINALS - 1 }), (seed, ordinal) => {
      expect(imageIdOf(seed, ordinal)).toMatch(/^([3-9]1|A1)[0-9A-Za-z]{8}L$/);
      expect(itemIdOf(seed, ordinal)).toMatch(/^B0[0-9A-Z]{8}$/);
      expect(imagePathOf(seed, ordinal)).toMatch(/^([0-9a-f]{2})\/\1[0-9a-f]{6}\.jpg$/);
    }),
  );
});
