import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findBridges, type Keyed } from '#src/duplicates/bridges.js';
import { joinLinks } from '#src/duplicates/links.js';
import { SIDES, type Side } from '#src/records.js';
import { setsOf } from '#src/union-find.js';

interface Tied {
  names: string[];
  sides: (Side | undefined)[];
  keyed: Keyed[];
  pairs: { a: number; b: number }[];
}

/** What is left of the ties once bridges are out. */
function setsLeft({ names, keyed, pairs, sides }: Tied): { names: string[]; sides: Set<Side> }[] {
  const { members, keys } = findBridges({ names, keyed, pairs, sides });
  const stays = (member: number) => !members.has(member);
  const apart = (a: number, b: number) => sides[a] && sides[b] && sides[a] !== sides[b];
  const first = new Map<string, number>();
  const links = pairs.filter(({ a, b }) => stays(a) && stays(b) && !apart(a, b));
  for (const [b, key] of keyed) {
    if (!stays(b) || keys.has(key)) continue;
    const a = first.get(key);
    if (a === undefined) first.set(key, b);
    else links.push({ a, b });
  }
  const sets = joinLinks(
    names.length,
    links.map((link) => ({ ...link, ground: 'item' as const })),
  );
  return setsOf(names.length, sets)
    .map((all) => all.filter(stays))
    .filter((all) => all.length > 0)
    .map((all) => ({
      names: all.map((member) => names[member]!).sort(),
      sides: new Set(all.flatMap((member) => sides[member] ?? [])),
    }));
}

const tied = fc.integer({ min: 1, max: 14 }).chain((size) => {
  const member = fc.nat(size - 1);
  return fc.record({
    names: fc.constant(Array.from({ length: size }, (_, index) => `image-${String(index).padStart(2, '0')}`)),
    sides: fc.array(fc.option(fc.constantFrom(...SIDES), { nil: undefined }), {
      minLength: size,
      maxLength: size,
    }),
    keyed: fc.array(
      fc.tuple(
        member,
        fc.nat(6).map((key) => `item ${key}`),
      ),
      { maxLength: 20 },
    ),
    pairs: fc.array(fc.record({ a: member, b: member }), { maxLength: 8 }),
  });
});

describe('findBridges', () => {
  it('leaves no set with two sides, and no old member out', () => {
    fc.assert(
      fc.property(tied, (all) => {
        for (const { sides } of setsLeft(all)) expect(sides.size).toBeLessThanOrEqual(1);
        for (const member of findBridges(all).members) expect(all.sides[member]).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same in any order of arrival', () => {
    fc.assert(
      fc.property(tied, fc.infiniteStream(fc.nat(1000)), (all, draws) => {
        const order = [...all.names.keys()].map((member) => [draws.next().value as number, member] as const);
        const old = order.sort(([a], [b]) => a - b).map(([, member]) => member);
        const now = new Map(old.map((member, at) => [member, at]));
        const moved: Tied = {
          names: old.map((member) => all.names[member]!),
          sides: old.map((member) => all.sides[member]),
          keyed: all.keyed.map(([member, key]): Keyed => [now.get(member)!, key]).reverse(),
          pairs: all.pairs.map(({ a, b }) => ({ a: now.get(b)!, b: now.get(a)! })).reverse(),
        };
        const left = (one: Tied) => {
          const { members, keys } = findBridges(one);
          return [[...members].map((member) => one.names[member]).sort(), [...keys].sort()];
        };
        expect(left(moved)).toEqual(left(all));
        const sets = (one: Tied) =>
          setsLeft(one)
            .map(({ names }) => names.join())
            .sort();
        expect(sets(moved)).toEqual(sets(all));
      }),
      { numRuns: 300 },
    );
  });

  it('leaves out what ties two sides, and nothing else', () => {
    const names = ['a', 'b', 'x', 'y'];
    const sides: Tied['sides'] = ['train', 'test', undefined, undefined];
    const item = (member: number, name: string): Keyed => [member, `item ${name}`];
    const bridges = (keyed: Keyed[], pairs: Tied['pairs'] = []) =>
      findBridges({ names, sides, keyed, pairs });
    // x is tied to a alone, y to both.
    expect(bridges([item(0, 'I'), item(1, 'J'), item(2, 'I'), item(3, 'I'), item(3, 'J')])).toEqual({
      members: new Set([3]),
      keys: new Set(),
    });
    // A chain a – x – y – b: the later name is left out.
    expect([
      ...bridges(
        [],
        [
          { a: 0, b: 2 },
          { a: 2, b: 3 },
          { a: 3, b: 1 },
        ],
      ).members,
    ]).toEqual([3]);
    // A new item that shows both old ones ties nobody, and who shows it besides them is left out.
    expect(bridges([item(0, 'N'), item(1, 'N'), item(2, 'N')])).toEqual({
      members: new Set([2]),
      keys: new Set(['item N']),
    });
    expect(bridges([], [{ a: 0, b: 1 }])).toEqual({ members: new Set(), keys: new Set() });
  });
});
