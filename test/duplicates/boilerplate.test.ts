import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JoinedView } from '#src/records.js';
import { deduplicate } from '#src/stages/deduplicate.js';
import { runOver, testContext } from '../context.js';

const view = (imageId: string, itemId: string, type: string): JoinedView => ({
  imageId,
  itemId,
  role: 'other',
  listing: itemId,
  attributes: { product_type: [{ value: type }] },
  path: `xx/${imageId}.jpg`,
  file: `/nowhere/${imageId}.jpg`,
  width: 10,
  height: 10,
});

const ways = { photos: 'none', conflicts: 'majority', same: [], family: ['item'] } as const;

it('is what more listings or more types than allowed show; it is accounted for and links nobody', async () => {
  const shown = fc.array(fc.record({ image: fc.nat(5), item: fc.nat(9), type: fc.nat(3) }), {
    maxLength: 40,
  });
  const limits = fc.record({
    listings: fc.integer({ min: 1, max: 6 }),
    types: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(shown, limits, async (all, boilerplate) => {
      // A listing has one type, and shows an image once.
      const typeOf = new Map(all.map(({ item, type }) => [item, type]));
      const pairs = new Map(all.map((one) => [`${one.image}/${one.item}`, one]));
      const views = [...pairs.values()].map(({ image, item }) =>
        view(`i${image}`, `item${item}`, `T${typeOf.get(item)}`),
      );
      const context = testContext();
      const photos = await runOver(deduplicate({ ...ways, boilerplate }), views, context);
      const itemsOf = (imageId: string) =>
        new Set(views.filter((one) => one.imageId === imageId).map(({ itemId }) => itemId));
      const expected = [...new Set(views.map(({ imageId }) => imageId))].filter((imageId) => {
        const items = [...itemsOf(imageId)];
        const types = new Set(items.map((item) => typeOf.get(Number(item.slice(4)))));
        return items.length > boilerplate.listings || types.size > boilerplate.types;
      });
      const dropped = context.entries.filter(({ reason }) => reason === 'boilerplate');
      expect(dropped.map(({ key }) => key).sort()).toEqual(expected.sort());
      const kept = photos.map(({ imageId }) => imageId);
      expect([...kept, ...expected].sort()).toEqual([...new Set(views.map(({ imageId }) => imageId))].sort());
      // Two photos have one component only where a chain of items that kept photos share joins them.
      const linked = new Map(kept.map((imageId) => [imageId, imageId]));
      for (let round = 0; round < kept.length; round++) {
        for (const a of kept) {
          for (const b of kept) {
            if ([...itemsOf(a)].some((item) => itemsOf(b).has(item)) && linked.get(b)! < linked.get(a)!) {
              linked.set(a, linked.get(b)!);
            }
          }
        }
      }
      for (const { imageId, component } of photos) expect(component).toBe(linked.get(imageId));
    }),
  );
});

it('is nothing where the recipe says so', async () => {
  const views = Array.from({ length: 80 }, (_, item) => view('logo', `item${item}`, `T${item}`));
  const context = testContext();
  expect(await runOver(deduplicate({ ...ways, boilerplate: false }), views, context)).toHaveLength(1);
  expect(
    await runOver(deduplicate({ ...ways, boilerplate: { listings: 79, types: 99 } }), views, testContext()),
  ).toEqual([]);
  expect(
    await runOver(deduplicate({ ...ways, boilerplate: { listings: 80, types: 80 } }), views, testContext()),
  ).toHaveLength(1);
});
