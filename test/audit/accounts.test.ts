import { expect, it } from 'vitest';
import { checkRecords } from '#src/audit/accounts.js';
import { findings } from '#src/audit/findings.js';

it('finds a photo whose side in photos.parquet is another than its sample’s: an older run’s sides are read there', () => {
  const photo = (imageId: string, split: string | null) => ({
    imageId,
    path: `${imageId}.jpg`,
    sha256: imageId,
    component: imageId,
    images: [imageId],
    items: [imageId],
    split,
  });
  const sample = (imageId: string, split: string) => ({ imageId, path: `${imageId}.jpg`, split });
  const check = (photos: ReturnType<typeof photo>[]) => {
    const found = findings();
    const samples = [sample('a', 'train'), sample('b', 'test')];
    checkRecords(found, {
      photos: photos as never,
      tasks: [{ task: 'color', given: false, samples }] as never,
      ledger: { left: new Map([['color', new Map([['c', 'dropped']])]]), merged: new Map() } as never,
    });
    return found.result().findings.map(({ key, message }) => `${key}: ${message}`);
  };
  const unused = photo('c', null);
  expect(check([photo('a', 'train'), photo('b', 'test'), unused])).toEqual([]);
  expect(check([photo('a', 'train'), photo('b', 'train'), unused])).toEqual([
    'b: it is on the test side in color, on train in photos.parquet',
  ]);
  expect(check([photo('a', null), photo('b', 'test'), unused])).toEqual([
    'a: it is on the train side in color, on none in photos.parquet',
  ]);
});
