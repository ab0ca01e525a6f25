import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctCounter } from '#src/explore/distinct.js';
import { HASHES, hashText } from '#src/explore/hash.js';

function count(texts: Iterable<string>, kept?: number) {
  const counter = distinctCounter(kept);
  for (const text of texts) counter.add(hashText(text));
  return counter.result();
}

describe('distinctCounter', () => {
  it('is exact up to what it keeps', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 200 }), (texts) => {
        expect(count(texts, 200)).toEqual({ count: new Set(texts).size, approximate: false });
      }),
    );
  });

  it('estimates beyond it, the same in any order and however often each comes', () => {
    const texts = Array.from({ length: 50_000 }, (_, at) => `value ${at}`);
    const found = count(texts, 4096);
    expect(found.approximate).toBe(true);
    // Four standard errors of 1 / √4096.
    expect(Math.abs(found.count / 50_000 - 1)).toBeLessThan(4 / 64);
    expect(count([...texts].reverse(), 4096)).toEqual(found);
    expect(count([...texts, ...texts.slice(0, 9000), ...texts], 4096)).toEqual(found);
  });
});

describe('hashText', () => {
  it('gives whole numbers in range that do not meet for like texts', () => {
    const hashes = Array.from({ length: 200_000 }, (_, at) => hashText(`a${at}`));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash >= 0 && hash < HASHES)).toBe(true);
  });
});
