import { expect, it } from 'vitest';
import type { Listing } from '#src/records.js';
import { explode, viewsOf } from '#src/stages/explode.js';
import { runOver, testContext } from '../context.js';

const listing = (more: Partial<Listing>): Listing => ({
  itemId: 'A',
  otherImageIds: [],
  attributes: { brand: [{ value: 'x' }] },
  digest: 'd',
  shard: 's',
  line: 3,
  ...more,
});

it('gives one view an image, the main one first, each image once', () => {
  const views = viewsOf(listing({ mainImageId: 'm', otherImageIds: ['o', 'm', 'o', 'p'], country: 'NL' }));
  expect(views.map(({ imageId, role }) => [imageId, role])).toEqual([
    ['m', 'main'],
    ['o', 'other'],
    ['p', 'other'],
  ]);
  expect(views[0]).toEqual({
    imageId: 'm',
    role: 'main',
    itemId: 'A',
    country: 'NL',
    attributes: { brand: [{ value: 'x' }] },
    listing: 'd',
    shard: 's',
    line: 3,
  });
});

it('drops listings without an image, and accounts for what it adds', async () => {
  const context = testContext();
  const out = await runOver(
    explode({ views: 'all' }),
    [listing({ mainImageId: 'm', otherImageIds: ['o'] }), listing({ itemId: 'B' })],
    context,
  );
  expect(out).toHaveLength(2);
  expect(context.counts[0]).toMatchObject({ in: 2, added: 1, out: 2, dropped: 1 });
  expect(context.entries).toMatchObject([{ key: 'B', fate: 'dropped', reason: 'no-image' }]);
});

it('can take main images alone', async () => {
  const context = testContext();
  const out = await runOver(
    explode({ views: 'main' }),
    [listing({ mainImageId: 'm', otherImageIds: ['o'] }), listing({ itemId: 'B', otherImageIds: ['o'] })],
    context,
  );
  expect(out.map(({ imageId }) => imageId)).toEqual(['m']);
  expect(context.entries).toMatchObject([{ key: 'B', reason: 'no-main-image' }]);
});
