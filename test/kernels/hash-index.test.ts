import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashIndex, MAX_RADIUS, popcount } from '#src/kernels/hash-index.js';

const hex = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0'));
const bits = fc.uniqueArray(fc.nat({ max: 63 }), { maxLength: 14 });

function distance(a: string, b: string): number {
  let x = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  let count = 0;
  for (; x > 0n; x >>= 1n) count += Number(x & 1n);
  return count;
}

it('finds every hash within the radius once, and no other', () => {
  fc.assert(
    fc.property(
      hex,
      fc.array(bits, { maxLength: 60 }),
      fc.integer({ min: 0, max: MAX_RADIUS }),
      (seed, flips, radius) => {
        // Hashes near each other, so that there is something to find.
        const hashes = flips.map((flip) =>
          flip
            .reduce((hash, bit) => hash ^ (1n << BigInt(bit)), BigInt(`0x${seed}`))
            .toString(16)
            .padStart(16, '0'),
        );
        const index = hashIndex(radius);
        for (const [at, hash] of hashes.entries()) {
          const found: [number, number][] = [];
          index.add(hash, (other, bitsApart) => found.push([other, bitsApart]));
          const expected = hashes
            .slice(0, at)
            .map((other, i) => [i, distance(other, hash)] as [number, number])
            .filter(([, bitsApart]) => bitsApart <= radius);
          expect(found.sort(([a], [b]) => a - b)).toEqual(expected);
        }
      },
    ),
  );
});

it('grows past its first thousand hashes', () => {
  const index = hashIndex(0);
  for (let at = 0; at < 3000; at++) index.add(at.toString(16).padStart(16, '0'), () => expect.unreachable());
  const found: number[] = [];
  index.add((2048).toString(16).padStart(16, '0'), (other) => found.push(other));
  expect(found).toEqual([2048]);
});

it('refuses a radius that its bands cannot promise', () => {
  expect(() => hashIndex(MAX_RADIUS + 1)).toThrow(RangeError);
});

it('counts set bits', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      expect(popcount(value)).toBe((value >>> 0).toString(2).replaceAll('0', '').length);
    }),
  );
});
