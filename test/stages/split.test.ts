import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelledPhoto, Side } from '#src/records.js';
import { balance } from '#src/stages/balance.js';
import { split } from '#src/stages/split.js';
import { runOver, testContext } from '../context.js';

const photosArbitrary = fc
  .array(fc.record({ label: fc.constantFrom('A', 'B', 'C'), component: fc.nat(30) }), { maxLength: 120 })
  .map((rows) =>
    rows.map(({ label, component }, index): LabelledPhoto => {
      const imageId = `image-${index}`;
      return {
        path: `${imageId}.jpg`,
        file: '',
        label,
        component: `c${component}`,
        imageId,
        sha256: '',
        task: 'product_type',
      };
    }),
  );

const single = (count: number): LabelledPhoto[] =>
  Array.from({ length: count }, (_, index) => ({
    path: `${index}.jpg`,
    file: '',
    label: index % 4 === 0 ? 'rare' : 'common',
    component: `c${index}`,
    imageId: `i${index}`,
    sha256: '',
    task: 't',
  }));

describe('split', () => {
  it.each(['stratified', 'hash'] as const)(
    '%s: never breaks a component, whatever the order',
    async (method) => {
      await fc.assert(
        fc.asyncProperty(photosArbitrary, fc.integer(), async (photos, salt) => {
          const stage = () => split({ by: 'component', method, validation: 0.1, test: 0.15 });
          const samples = await runOver(stage(), photos, testContext());
          const sides = new Map<string, Side>();
          for (const { component, split: side } of samples) {
            expect(sides.get(component) ?? side).toBe(side);
            sides.set(component, side);
          }
          expect(samples.map(({ imageId }) => imageId)).toEqual(photos.map(({ imageId }) => imageId));
          const turn = photos.length === 0 ? 0 : Math.abs(salt) % photos.length;
          const turned = await runOver(
            stage(),
            [...photos.slice(turn), ...photos.slice(0, turn)],
            testContext(),
          );
          for (const { component, split: side } of turned) expect(side).toBe(sides.get(component));
        }),
        { numRuns: 50 },
      );
    },
  );

  it('stratified: every class is spread by the shares to the photo', async () => {
    const samples = await runOver(
      split({ by: 'image', method: 'stratified', validation: 0.1, test: 0.15 }),
      single(400),
      testContext(),
    );
    const count = (label: string, side: Side) =>
      samples.filter((sample) => sample.label === label && sample.split === side).length;
    for (const [label, size] of [
      ['rare', 100],
      ['common', 300],
    ] as const) {
      expect(Math.abs(count(label, 'test') - 0.15 * size)).toBeLessThanOrEqual(1);
      expect(Math.abs(count(label, 'validation') - 0.1 * size)).toBeLessThanOrEqual(1);
    }
  });

  it('puts nothing on a side without a share, and keeps sides that were decided before', async () => {
    const sides = new Map<string, Side>([['c1', 'test']]);
    const stage = split({ by: 'component', method: 'stratified', validation: 0, test: 0.2, sides });
    const samples = await runOver(stage, single(50), testContext());
    expect(samples.some((sample) => sample.split === 'validation')).toBe(false);
    expect(samples[1]).toMatchObject({ component: 'c1', split: 'test' });
    expect(sides.size).toBe(50);
  });
});

describe('balance', () => {
  it('keeps the same photos in any order, at most the cap a class, and counts the rest', async () => {
    await fc.assert(
      fc.asyncProperty(photosArbitrary, fc.integer({ min: 1, max: 20 }), async (photos, cap) => {
        const context = testContext();
        const kept = await runOver(balance({ cap }), photos, context);
        const reversed = await runOver(balance({ cap }), [...photos].reverse(), testContext());
        expect(reversed.map(({ imageId }) => imageId).reverse()).toEqual(kept.map(({ imageId }) => imageId));
        for (const label of ['A', 'B', 'C']) {
          const size = (list: LabelledPhoto[]) => list.filter((photo) => photo.label === label).length;
          expect(size(kept)).toBe(Math.min(cap, size(photos)));
        }
        expect(context.counts[0]?.capped).toBe(photos.length - kept.length);
      }),
      { numRuns: 50 },
    );
  });
});
