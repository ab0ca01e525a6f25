/** Disjoint sets of 0..size−1 (Tarjan 1975: union by size, path halving). */
export interface UnionFind {
  find(member: number): number;
  /** Joins two sets; whether they were apart. */
  union(a: number, b: number): boolean;
}

export function unionFind(size: number): UnionFind {
  const parent = Int32Array.from({ length: size }, (_, index) => index);
  const weight = new Int32Array(size).fill(1);
  const find = (member: number): number => {
    let at = member;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  return {
    find,
    union(a, b) {
      let root = find(a);
      let child = find(b);
      if (root === child) return false;
      if (weight[root]! < weight[child]!) [root, child] = [child, root];
      parent[child] = root;
      weight[root]! += weight[child]!;
      return true;
    },
  };
}

/** The members of each set, ascending; sets in the order of their first members. */
export function setsOf(size: number, { find }: UnionFind): number[][] {
  const sets: number[][] = [];
  /** By root: the number of its set and 1, or 0. */
  const numbers = new Int32Array(size);
  for (let member = 0; member < size; member++) {
    const root = find(member);
    if (numbers[root] === 0) numbers[root] = sets.push([member]);
    else sets[numbers[root]! - 1]!.push(member);
  }
  return sets;
}
