/** Where things lie in a page of LMDB 0.9.90 (data format 2), 64 bits: `MDB_page`, `MDB_node`, `MDB_db` in its mdb.c. */
const PAGE_HEADER = 24;
const NUMBER = 0;
const TRANSACTION = 8;
const FLAGS = 18;
const LOWER = 20;
const UPPER = 22;
const BRANCH = 1;
const LEAF = 2;
const NODE_HEADER = 8;
const BIG_DATA = 1;
const SUB_DATA = 2;
/** A large value's place: page, transaction, pages. */
const BIG_DATA_BYTES = 24;
const TREE_BYTES = 48;
const MOST_KEY_BYTES = 4000;
/** Keys are unsigned numbers in the machine's order of bytes. */
const INTEGER_KEYS = 8;
const NO_ROOT = 2n ** 64n - 1n;

/** A tree's record, in a meta page or as the value of a named database. */
export interface Tree {
  flags: number;
  depth: number;
  branchPages: number;
  leafPages: number;
  overflowPages: number;
  entries: number;
  root: bigint;
}

/** The pages of a data file. */
export interface Pages {
  pageSize: number;
  /** How many the file has. */
  count: number;
  /** The one that was committed last: no page was written by a later one. */
  transaction: bigint;
  /** A page's bytes, valid until the next call. */
  read(page: number): Buffer;
}

export function readTree(bytes: Buffer, offset: number): Tree {
  const number = (at: number) => Number(bytes.readBigUInt64LE(offset + at));
  return {
    flags: bytes.readUInt16LE(offset + 4),
    depth: bytes.readUInt16LE(offset + 6),
    branchPages: number(8),
    leafPages: number(16),
    overflowPages: number(24),
    entries: number(32),
    root: bytes.readBigUInt64LE(offset + 40),
  };
}

/** A page that waits to be walked. */
interface Waiting {
  page: number;
  /** 1 is a leaf. */
  level: number;
  /** The least key that may be in it, and the first that may not. */
  from?: Buffer;
  to?: Buffer;
}

/**
 * Walks a tree and all that hang on it, and trusts nothing: every page is where its parents say, once, all nodes lie
 * inside their page, keys ascend, and the counts in the tree's record are right.
 * @param taken pages that belong to something: marked as the walk goes.
 * @param options.nested whether values may be trees of their own.
 * @throws {Error} that says what is wrong where.
 */
export function assertSoundTree(
  pages: Pages,
  tree: Tree,
  taken: Uint8Array,
  options: { nested: boolean },
): void {
  const found = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
  const nested: Tree[] = [];
  const compare = tree.flags & INTEGER_KEYS ? compareNumbers : Buffer.compare;
  const take = (page: number, count: number) => {
    if (!(page >= 2 && count >= 1 && page + count <= pages.count))
      throw damage(page, 'it is not in the file');
    for (let at = page; at < page + count; at++) {
      if (taken[at] === 1) throw damage(at, 'it is used twice');
      taken[at] = 1;
    }
  };
  if ((tree.root === NO_ROOT) !== (tree.depth === 0)) throw new Error('a tree has no root');
  const waiting: Waiting[] = tree.depth === 0 ? [] : [{ page: Number(tree.root), level: tree.depth }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { page, level } = next;
    take(page, 1);
    const bytes = pages.read(page);
    const flags = bytes.readUInt16LE(FLAGS);
    if (Number(bytes.readBigUInt64LE(NUMBER)) !== page || flags !== (level > 1 ? BRANCH : LEAF)) {
      throw damage(page, 'it is another page');
    }
    // LMDB would take it for one of a transaction that is under way.
    if (bytes.readBigUInt64LE(TRANSACTION) > pages.transaction) throw damage(page, 'its transaction');
    const nodes = nodesOf(bytes, page, pages.pageSize, level > 1);
    if (level > 1) found.branchPages += 1;
    else found.leafPages += 1;
    // A branch's first key is empty: what is before its second.
    let before = next.from;
    for (const [index, { key }] of nodes.entries()) {
      if (level > 1 && index === 0) continue;
      if (tree.flags & INTEGER_KEYS && key.length !== nodes.at(-1)!.key.length)
        throw damage(page, 'a key’s size');
      const order = before === undefined ? 1 : compare(key, before);
      const mayBeEqual = before === next.from;
      if (order < 0 || (order === 0 && !mayBeEqual)) throw damage(page, 'its keys are not in order');
      if (next.to !== undefined && compare(key, next.to) >= 0) throw damage(page, 'its keys are not its own');
      before = key;
    }
    for (const [index, node] of nodes.entries()) {
      if (level > 1) {
        const from = index === 0 ? next.from : node.key;
        const to = nodes[index + 1]?.key ?? next.to;
        waiting.push({ page: node.child, level: level - 1, ...(from && { from }), ...(to && { to }) });
        continue;
      }
      found.entries += 1;
      if (node.flags === BIG_DATA) {
        const count = Math.ceil((PAGE_HEADER + node.size) / pages.pageSize);
        take(Number(node.data.readBigUInt64LE(0)), count);
        found.overflowPages += count;
      } else if (node.flags === SUB_DATA) nested.push(readTree(node.data, 0));
    }
  }
  for (const [name, count] of Object.entries(found)) {
    const wanted = tree[name as keyof typeof found];
    if (count !== wanted) throw new Error(`a tree should have ${wanted} ${name} and has ${count}`);
  }
  if (nested.length > 0 && !options.nested) throw new Error('a tree hangs on a value');
  for (const inner of nested) assertSoundTree(pages, inner, taken, { nested: false });
}

/** A tree's leaves' nodes in the order of their keys. @throws {Error} where it is not sound. */
export function* leafNodes(pages: Pages, tree: Tree): Generator<PageNode> {
  const waiting = tree.depth === 0 ? [] : [{ page: Number(tree.root), level: tree.depth }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { page, level } = next;
    const nodes = nodesOf(pages.read(page), page, pages.pageSize, level > 1);
    if (level === 1) yield* nodes;
    else for (const { child } of nodes.reverse()) waiting.push({ page: child, level: level - 1 });
  }
}

/** Where a large value begins in the file, in bytes; undefined for one that lies in its leaf. */
export function largeValueAt({ flags, data }: PageNode, pageSize: number): number | undefined {
  return flags === BIG_DATA ? Number(data.readBigUInt64LE(0)) * pageSize + PAGE_HEADER : undefined;
}

export interface PageNode {
  flags: number;
  key: Buffer;
  /** In a branch: the page that it leads to. */
  child: number;
  /** In a leaf: the value's size, and the value or its place. */
  size: number;
  data: Buffer;
}

/** A page's nodes, copied: the page's memory is used again. */
function nodesOf(shared: Buffer, page: number, pageSize: number, branch: boolean): PageNode[] {
  const room = pageSize - PAGE_HEADER;
  const lower = shared.readUInt16LE(LOWER);
  const upper = shared.readUInt16LE(UPPER);
  if (lower % 2 === 1 || lower === 0 || lower > upper || upper > room) throw damage(page, 'its bounds');
  const bytes = Buffer.from(shared.subarray(PAGE_HEADER, pageSize));
  const nodes: PageNode[] = [];
  for (let at = 0; at < lower; at += 2) {
    const start = bytes.readUInt16LE(at);
    if (start % 2 === 1 || start < upper || start + NODE_HEADER > room) throw damage(page, 'a node’s place');
    const size = bytes.readUInt32LE(start);
    const flags = bytes.readUInt16LE(start + 4);
    const keyEnd = start + NODE_HEADER + bytes.readUInt16LE(start + 6);
    if (keyEnd > room || keyEnd - start > MOST_KEY_BYTES) throw damage(page, 'a key’s size');
    const key = bytes.subarray(start + NODE_HEADER, keyEnd);
    if (branch) {
      nodes.push({ flags: 0, key, child: size + flags * 2 ** 32, size: 0, data: bytes.subarray(0, 0) });
      continue;
    }
    if (flags > SUB_DATA || (flags === SUB_DATA && size !== TREE_BYTES)) throw damage(page, 'a node’s kind');
    const end = keyEnd + (flags === BIG_DATA ? BIG_DATA_BYTES : size);
    if (end > room) throw damage(page, 'a value’s size');
    nodes.push({ flags, key, child: 0, size, data: bytes.subarray(keyEnd, end) });
  }
  return nodes;
}

/** Unsigned numbers of one size, little-endian. */
function compareNumbers(a: Buffer, b: Buffer): number {
  for (let at = Math.max(a.length, b.length) - 1; at >= 0; at--) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function damage(page: number, what: string): Error {
  return new Error(`page ${page}: ${what}`);
}
