import type { Side } from '../records.js';
import { unionFind } from '../union-find.js';
import type { Link } from './links.js';

/** A member that has a key, such as an item's; whoever has the same key is tied to it. */
export type Keyed = readonly [member: number, key: string];

/** What would join two sides that an older run decided. */
export interface Bridges {
  /** New members that are tied to more than one side: they are left out. */
  members: ReadonlySet<number>;
  /** Keys of old members of more than one side: they tie nobody. */
  keys: ReadonlySet<string>;
}

/**
 * Finds what must be left out so that no two old sides are joined. A new member joins the sets of what it is tied to, in
 * the order of names, so that the order of arrival does not matter; one that would join two sides is a bridge.
 * @param options.names of the members, unique.
 * @param options.sides that members have had; undefined: a new one.
 * @param options.pairs ties of two members each.
 */
export function findBridges(options: {
  names: readonly string[];
  sides: readonly (Side | undefined)[];
  keyed: Iterable<Keyed>;
  pairs: readonly Pick<Link, 'a' | 'b'>[];
}): Bridges {
  const { names, sides, keyed, pairs } = options;
  const size = names.length;
  const nodes = new Map<string, number>();
  for (const [, key] of keyed) if (!nodes.has(key)) nodes.set(key, size + nodes.size);
  const keyOf = [...nodes.keys()];
  const ties: number[][] = names.map(() => []);
  for (const [member, key] of keyed) ties[member]!.push(nodes.get(key)!);
  for (const { a, b } of pairs) {
    ties[a]!.push(b);
    ties[b]!.push(a);
  }

  const sets = unionFind(size + nodes.size);
  const sideOf = new Map<number, Side>();
  const join = (a: number, b: number): boolean => {
    const [left, right] = [sideOf.get(sets.find(a)), sideOf.get(sets.find(b))];
    if (left !== undefined && right !== undefined && left !== right) return false;
    sets.union(a, b);
    const side = left ?? right;
    if (side !== undefined) sideOf.set(sets.find(a), side);
    return true;
  };

  const ordered = [...names.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  const old = ordered.filter((member) => sides[member] !== undefined);
  for (const member of old) sideOf.set(member, sides[member]!);
  const broken = new Set<number>();
  for (const member of old) {
    for (const tie of ties[member]!) {
      // Two old members that are tied as a pair stay where they are, whatever ties them.
      if (tie < size ? sides[tie] === undefined || join(member, tie) : join(member, tie)) continue;
      if (tie >= size) broken.add(tie);
    }
  }
  const members = new Set<number>();
  const settled = new Set(old);
  for (const member of ordered) {
    if (settled.has(member)) continue;
    const met = ties[member]!.filter((tie) => tie >= size || settled.has(tie));
    const seen = new Set(met.flatMap((tie) => sideOf.get(sets.find(tie)) ?? []));
    if (seen.size > 1 || met.some((tie) => broken.has(tie))) {
      members.add(member);
      continue;
    }
    settled.add(member);
    for (const tie of met) join(member, tie);
  }
  return { members, keys: new Set([...broken].map((node) => keyOf[node - size]!)) };
}
