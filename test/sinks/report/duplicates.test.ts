import fc from 'fast-check';
import { expect, it } from 'vitest';
import { relationCounter, shownImages, widthOf } from '#src/sinks/report/duplicates.js';
import type { DuplicateGroup } from '#src/stages/deduplicate.js';

const group = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.option(fc.nat(20)))
  .map(([size, distance]) => ({ size, distance }));

function groupOf(
  { size, distance }: { size: number; distance: number | null },
  index: number,
): DuplicateGroup {
  const images = Array.from({ length: size }, (_, at) => `${index}-${at}`);
  const [representative = '', other = ''] = images;
  const why = distance === null ? { ground: 'item' as const } : { ground: 'near' as const, distance };
  return { relation: 'family', representative, images, pairs: [{ a: representative, b: other, ...why }] };
}

it('chooses the same groups in any order: the six widest, then the largest', () => {
  fc.assert(
    fc.property(
      fc
        .array(group, { maxLength: 40 })
        .map((all) => all.map(groupOf))
        .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        const results = [all, shuffled].map((groups) => {
          const counter = relationCounter();
          for (const one of groups) counter.add(one);
          return counter.result();
        });
        expect(results[1]).toEqual(results[0]);
        const { groups, images, shown } = results[0]!;
        expect(groups).toBe(all.length);
        expect(images).toBe(all.reduce((sum, one) => sum + one.images.length, 0));
        expect(shown).toHaveLength(Math.min(12, all.length));
        const widths = all.map(widthOf).filter((width) => width >= 0).sort((a, b) => b - a); // biome-ignore format: one line
        const wide = shown.slice(0, Math.min(6, widths.length));
        expect(wide.map(widthOf)).toEqual(widths.slice(0, 6));
        const rest = all.filter((one) => !wide.includes(one)).map((one) => one.images.length);
        expect(shown.slice(wide.length).map((one) => one.images.length)).toEqual(
          rest.sort((a, b) => b - a).slice(0, 12 - wide.length),
        );
      },
    ),
  );
});

it('shows a group’s representative, then who is farthest from another', () => {
  const images = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const pairs: DuplicateGroup['pairs'] = [
    { a: 'c', b: 'h', ground: 'near', distance: 9 },
    { a: 'a', b: 'c', ground: 'near', distance: 2 },
    { a: 'a', b: 'g', ground: 'near', distance: 4 },
  ];
  const shown = shownImages({ relation: 'family', representative: 'e', images, pairs });
  expect(shown).toEqual(['e', 'c', 'h', 'a', 'g', 'b']);
});
