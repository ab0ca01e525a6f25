import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SIDES } from '#src/records.js';
import { pathsWithTwins } from '#src/twins.js';

it('finds exactly the samples that have one of their component on another side', () => {
  const samples = fc
    .array(fc.record({ split: fc.constantFrom(...SIDES), component: fc.nat(12).map(String) }), {
      maxLength: 40,
    })
    .map((rows) => rows.map((row, index) => ({ ...row, path: `${index}.jpg` })));
  fc.assert(
    fc.property(samples, (all) => {
      const expected = all.filter((one) =>
        all.some((other) => other.component === one.component && other.split !== one.split),
      );
      expect([...pathsWithTwins(all)]).toEqual(expected.map(({ path }) => path));
    }),
  );
});
