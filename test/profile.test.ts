import { expect, it } from 'vitest';
import { listingProfile } from '#src/profile.js';

it('counts missing values of ABO’s 28 columns and of any other', () => {
  const profile = listingProfile();
  profile.observe({
    itemId: 'A',
    mainImageId: 'm',
    otherImageIds: [],
    attributes: {
      brand: [{ value: 'x' }],
      item_height: [{ value: '1' }],
      item_width: [{ value: '1' }],
      extra: [{ value: 'y' }],
    },
    digest: 'd',
    shard: 's0',
  });
  profile.observe({ itemId: 'B', otherImageIds: ['o'], attributes: {}, digest: 'e', shard: 's1' });
  const { listings, shards, columns } = profile.result();
  expect({ listings, shards }).toEqual({ listings: 2, shards: 2 });
  expect(columns).toHaveLength(29);
  const of = (name: string) => columns.find((column) => column.name === name);
  expect(of('item_id')).toEqual({ name: 'item_id', present: 2, missing: 0 });
  expect(of('brand')).toEqual({ name: 'brand', present: 1, missing: 1 });
  expect(of('item_dimensions')).toMatchObject({ present: 1 });
  expect(of('main_image_id')).toMatchObject({ present: 1 });
  expect(of('extra')).toMatchObject({ present: 1, missing: 1 });
});
