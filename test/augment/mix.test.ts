import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixBatch, mixes, mixOf } from '#src/augment/mix.js';
import { augmentationSchema } from '#src/augment/schema.js';

const draws = { seed: 1, epoch: 2 };
const [height, width] = [6, 5];
const numbers = height * width * 3;

/** Photo n of plain value n, class n, key 100 + n. */
function batchOf(size: number) {
  return {
    shape: [size, height, width, 3],
    values: Float32Array.from({ length: size * numbers }, (_, at) => Math.floor(at / numbers)),
    labels: Int32Array.from({ length: size }, (_, row) => row),
    keys: Uint32Array.from({ length: size }, (_, row) => 100 + row),
  };
}

const pairs = (count: number) => Array.from({ length: count }, (_, index) => [index, index + count] as const);

describe('mixBatch', () => {
  it.each(['mixup', 'cutmix'] as const)('weighs labels as %s weighs pixels', (kind) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), fc.nat(), fc.nat(50), (size, seed, epoch) => {
        const batch = batchOf(size);
        const { labels, others, weights } = mixBatch({ [kind]: 1 }, { seed, epoch }, batch);
        for (let row = 0; row < size; row++) {
          const pixels = batch.values.subarray(row * numbers, (row + 1) * numbers);
          const mean = pixels.reduce((sum, value) => sum + value, 0) / numbers;
          expect(labels[row]).toBe(row);
          expect(others[row]).toBe(size - 1 - row);
          expect(weights[row]).toBeGreaterThanOrEqual(0);
          expect(weights[row]).toBeLessThanOrEqual(1);
          expect(weights[row]! * row + (1 - weights[row]!) * (size - 1 - row)).toBeCloseTo(mean, 4);
          if (kind === 'cutmix') {
            // Each pixel is one of the two photos'.
            expect(pixels.every((value) => value === row || value === size - 1 - row)).toBe(true);
          }
        }
      }),
    );
  });

  it('is the same again for the same seed, epoch and photos, and another for others', () => {
    const mixed = (changes: Partial<typeof draws>) => {
      const batch = batchOf(4);
      mixBatch({ mixup: 0.4 }, { ...draws, ...changes }, batch);
      return [...batch.values];
    };
    expect(mixed({})).toEqual(mixed({}));
    expect(mixed({ epoch: 3 })).not.toEqual(mixed({}));
    expect(mixed({ seed: 2 })).not.toEqual(mixed({}));
  });
});

describe('mixOf', () => {
  it.each([0.05, 0.2, 1, 4])('draws weights of Beta(%f, %f)', (alpha) => {
    const weights = pairs(3000).map((pair) => {
      const mix = mixOf({ mixup: alpha }, draws, pair);
      return mix.kind === 'mixup' ? mix.weight : Number.NaN;
    });
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    const variance = weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / weights.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.01);
  });

  it('keeps the box of cutmix inside the picture', () => {
    for (const pair of pairs(500)) {
      const mix = mixOf({ cutmix: 1 }, draws, pair);
      if (mix.kind !== 'cutmix') throw new Error('expected cutmix');
      const { left, top, width: w, height: h } = mix.box;
      expect(Math.min(left, top, w, h)).toBeGreaterThanOrEqual(0);
      expect(Math.max(left + w, top + h)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  it('takes each kind for half of the pairs where a recipe has both', () => {
    const kinds = pairs(2000).map((pair) => mixOf({ mixup: 1, cutmix: 1 }, draws, pair).kind);
    expect(Math.abs(kinds.filter((kind) => kind === 'mixup').length / 2000 - 0.5)).toBeLessThan(0.05);
  });

  it('is asked only where a recipe mixes', () => {
    expect(mixes(augmentationSchema.parse({ rotation: 0.1 }))).toBe(false);
    expect(mixes(augmentationSchema.parse({ cutmix: 1 }))).toBe(true);
    expect(() => mixOf({}, draws, [1, 2])).toThrow(/mixup or cutmix/);
  });
});
