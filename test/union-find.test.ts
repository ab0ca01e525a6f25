import fc from 'fast-check';
import { expect, it } from 'vitest';
import { setsOf, unionFind } from '#src/union-find.js';

it('joins what a search over the links would reach, in the order of first members', () => {
  const graph = fc.integer({ min: 1, max: 30 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      links: fc.array(fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size - 1 })), { maxLength: 40 }),
    }),
  );
  fc.assert(
    fc.property(graph, ({ size, links }) => {
      const sets = unionFind(size);
      for (const [a, b] of links) {
        const apart = sets.find(a) !== sets.find(b);
        expect(sets.union(a, b)).toBe(apart);
      }
      const seen = new Set<number>();
      const expected: number[][] = [];
      for (let start = 0; start < size; start++) {
        if (seen.has(start)) continue;
        const reached = [start];
        seen.add(start);
        for (const at of reached) {
          for (const [a, b] of links) {
            for (const [from, into] of [
              [a, b],
              [b, a],
            ] as const) {
              if (from !== at || seen.has(into)) continue;
              seen.add(into);
              reached.push(into);
            }
          }
        }
        expected.push(reached.sort((a, b) => a - b));
      }
      expect(setsOf(size, sets)).toEqual(expected);
    }),
  );
});
