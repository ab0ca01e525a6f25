import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LabelledPhoto } from '#src/records.js';
import { balance } from '#src/stages/balance.js';
import { runOver, testContext } from '../context.js';

function photo(imageId: string, name: string): LabelledPhoto {
  return {
    path: imageId,
    file: imageId,
    label: name,
    component: imageId,
    imageId,
    sha256: imageId,
    task: 't',
  };
}

const shuffled = fc
  .uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 60 })
  .map((ids) => ids.map((id) => photo(`p${id}`, id % 3 === 0 ? 'a' : 'b')));

it('keeps at most the cap of each class, and accounts for the others', async () => {
  await fc.assert(
    fc.asyncProperty(shuffled, fc.integer({ min: 1, max: 20 }), async (photos, cap) => {
      const context = testContext();
      const out = await runOver(balance({ cap }), photos, context);
      for (const name of ['a', 'b']) {
        const all = photos.filter(({ label }) => label === name).length;
        expect(out.filter(({ label }) => label === name)).toHaveLength(Math.min(all, cap));
      }
      // What stays keeps its order.
      expect(out).toEqual(photos.filter((one) => out.includes(one)));
      expect(context.counts[0]).toMatchObject({
        in: photos.length,
        out: out.length,
        capped: photos.length - out.length,
      });
    }),
  );
});

it('draws the same photos in whatever order they arrive, whatever other classes there are', async () => {
  await fc.assert(
    fc.asyncProperty(shuffled, async (photos) => {
      const kept = async (some: LabelledPhoto[]) =>
        (await runOver(balance({ cap: 5 }), some, testContext())).map(({ imageId }) => imageId).sort();
      const all = await kept(photos);
      expect(await kept([...photos].reverse())).toEqual(all);
      const onlyA = photos.filter(({ label }) => label === 'a');
      expect(await kept(onlyA)).toEqual(all.filter((id) => Number(id.slice(1)) % 3 === 0));
    }),
  );
});

it('lets everything through without a cap, holding nothing', async () => {
  const photos = Array.from({ length: 9 }, (_, index) => photo(`p${index}`, 'a'));
  expect(await runOver(balance({}), photos, testContext())).toEqual(photos);
});

it('draws the same photos of a class however many photos another one gains or loses', async () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(ids, ids, ids, fc.integer({ min: 1, max: 10 }), async (own, some, others, cap) => {
      const photos = own.map((id) => photo(`a${id}`, 'a'));
      const keptOfA = async (more: number[]) => {
        const others = more.map((id) => photo(`b${id}`, 'b'));
        const out = await runOver(balance({ cap }), [...others, ...photos], testContext());
        return out.filter(({ label }) => label === 'a').map(({ imageId }) => imageId);
      };
      expect(await keptOfA(some)).toEqual(await keptOfA(others));
    }),
  );
});

it('puts another photo of the same class in the place of one at most', async () => {
  await fc.assert(
    fc.asyncProperty(shuffled, fc.integer({ min: 1, max: 20 }), async (photos, cap) => {
      const kept = async (some: LabelledPhoto[]) =>
        new Set((await runOver(balance({ cap }), some, testContext())).map(({ imageId }) => imageId));
      const before = await kept(photos);
      const after = await kept([photo('new', 'a'), ...photos]);
      const gone = [...before].filter((id) => !after.has(id));
      const come = [...after].filter((id) => !before.has(id));
      expect(come.filter((id) => id !== 'new')).toEqual([]);
      expect(gone.length).toBeLessThanOrEqual(come.length);
    }),
  );
});
