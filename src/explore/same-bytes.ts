/** Photos of the image table by their files' bytes. */
export interface SameBytes {
  /** Files that were read. */
  read: number;
  /** Images whose file is not there, leaves the dump or cannot be read. */
  unreadable: number;
  /** Sets of at least two images of the same bytes. */
  groups: number;
  /** Images that could be left out: all but one of each group. */
  spare: number;
  /** The largest groups, each with its image ids in order. */
  most: string[][];
}

/** Counts files of the same bytes; holds half a sha256 and an id a file. @param most how many groups are listed. */
export function sameBytes(most: number): {
  /** @param hash the file's sha256, hex; undefined where it cannot be read. */
  add(imageId: string, hash: string | undefined): void;
  result(): SameBytes;
} {
  const first = new Map<string, string>();
  const groups = new Map<string, string[]>();
  let read = 0;
  let unreadable = 0;
  return {
    add(imageId, hash) {
      if (hash === undefined) {
        unreadable += 1;
        return;
      }
      read += 1;
      const key = hash.slice(0, 32);
      const earlier = first.get(key);
      if (earlier === undefined) {
        first.set(key, imageId);
        return;
      }
      const group = groups.get(key) ?? [earlier];
      group.push(imageId);
      groups.set(key, group);
    },
    result() {
      const all = [...groups.values()].map((ids) => [...ids].sort());
      return {
        read,
        unreadable,
        groups: all.length,
        spare: all.reduce((sum, ids) => sum + ids.length - 1, 0),
        most: all.sort((a, b) => b.length - a.length || (a[0]! < b[0]! ? -1 : 1)).slice(0, most),
      };
    },
  };
}
