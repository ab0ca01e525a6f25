import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placeOf, stretchOf } from '#src/place.js';

it('says where a member lies, whatever the archive is called', () => {
  const archive = fc.string({ unit: 'grapheme' }).map((name) => `/${name}`);
  const number = fc.nat({ max: 2 ** 45 });
  fc.assert(
    fc.property(archive, number, number, (archive, offset, size) => {
      expect(stretchOf(placeOf({ archive, offset, size }))).toEqual({ archive, offset, size });
    }),
  );
});

it('is a path where it is one', () => {
  fc.assert(fc.property(fc.string(), (path) => void expect(stretchOf(`/${path}`)).toBeUndefined()));
  for (const path of [
    'tar:a.tar#1+2',
    'tar:/a.tar#-1+2',
    'tar:/a.tar#1+',
    `tar:/a.tar#1+${'9'.repeat(16)}`,
  ]) {
    expect(stretchOf(path)).toBeUndefined();
  }
});
