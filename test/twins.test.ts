import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SIDES } from '#src/records.js';
import { pathsWithTwins } from '#src/twins.js';

it('finds exactly the samples that share a component, bytes or an item with one of another side', () => {
  const few = fc.nat(25).map(String);
  const samples = fc
    .array(
      fc.record({
        split: fc.constantFrom(...SIDES),
        component: few,
        // Of photos that are not read, bytes are unknown.
        sha256: fc.oneof(few, fc.constant('')),
        items: fc.array(few, { maxLength: 2 }),
      }),
      { maxLength: 40 },
    )
    .map((rows) => rows.map((row, index) => ({ ...row, path: `${index}.jpg` })));
  fc.assert(
    fc.property(samples, (all) => {
      type One = (typeof all)[number];
      const kin = (a: One, b: One) =>
        a.component === b.component ||
        (a.sha256 !== '' && a.sha256 === b.sha256) ||
        a.items.some((item) => b.items.includes(item));
      const expected = all.filter((one) => all.some((other) => other.split !== one.split && kin(one, other)));
      const items = new Map(all.map((one) => [one.path, one.items]));
      expect([...pathsWithTwins(all, items)]).toEqual(expected.map(({ path }) => path));
    }),
  );
});
