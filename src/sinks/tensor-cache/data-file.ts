import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PipelineError } from '../../errors.js';

/** Where things lie in a data file of LMDB 0.9.90 (data format 2), 64 bits; `MDB_page` and `MDB_meta` in its mdb.c. */
const PAGE_HEADER = 24;
const PAGE_FLAGS = 18;
const PAGE_LOWER = 20;
const META_MAGIC = 24;
const META_PAGE_SIZE = 48;
/** The main tree's root in a meta page; the tree of free pages has its own 48 bytes before it. */
const META_FREE_ROOT = 88;
const META_MAIN_ROOT = 136;
const META_LAST_PAGE = 144;
const META_TRANSACTION = 152;
const META_END = 168;
/** The root in a named database's record. */
const TREE_ROOT = 40;
const MAGIC = 0xbeefc0de;
const BRANCH = 1;
const LEAF = 2;
const BIG_DATA = 1;
const SUB_DATA = 2;
const NO_PAGE = 2 ** 64;

interface Meta {
  pageSize: number;
  lastPage: number;
  roots: number[];
  transaction: number;
}

/**
 * Looks with plain reads at whether a data file has all pages that its newest transaction refers to. LMDB maps the file
 * and trusts it: reading a page that was cut off would end the process with SIGBUS.
 * @throws {PipelineError} `CACHE_CORRUPT` where pages are missing or where it is no data file.
 */
export function assertWhole(path: string, file: string): void {
  const fd = openSync(file, 'r');
  try {
    const meta = newestMeta(fd);
    // After the meta pages: beside a writer, a file only grows.
    const { size } = fstatSync(fd);
    if (meta === undefined) throw corrupt(path, 'a data file of LMDB', size);
    const pages = Math.floor(size / meta.pageSize);
    // The last pages may never have been written, when they were used and freed in one transaction.
    if (pages > meta.lastPage || hasAllPages(fd, meta, pages)) return;
    throw corrupt(path, `${(meta.lastPage + 1) * meta.pageSize} bytes`, size);
  } finally {
    closeSync(fd);
  }
}

function corrupt(path: string, wanted: string, size: number): PipelineError {
  return new PipelineError('CACHE_CORRUPT', `Expected ${wanted} but data.mdb has ${size} bytes`, {
    key: path,
    hint: 'It was cut off, perhaps in a copy: copy it again, or remove this folder and build it again.',
  });
}

/** Meta pages lie at 0, half a page (the last one that was synced) and one page. */
function newestMeta(fd: number): Meta | undefined {
  const first = metaAt(fd, 0);
  if (first === undefined) return undefined;
  const others = [first.pageSize / 2, first.pageSize].flatMap((offset) => metaAt(fd, offset) ?? []);
  return [first, ...others].reduce((newest, meta) => (meta.transaction > newest.transaction ? meta : newest));
}

function metaAt(fd: number, offset: number): Meta | undefined {
  const page = Buffer.alloc(META_END);
  if (readSync(fd, page, 0, META_END, offset) < META_END) return undefined;
  const pageSize = page.readUInt32LE(META_PAGE_SIZE);
  if (page.readUInt32LE(META_MAGIC) !== MAGIC) return undefined;
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  return {
    pageSize,
    lastPage: pageNumber(page, META_LAST_PAGE),
    roots: [pageNumber(page, META_FREE_ROOT), pageNumber(page, META_MAIN_ROOT)],
    transaction: pageNumber(page, META_TRANSACTION),
  };
}

function pageNumber(page: Buffer, offset: number): number {
  return Number(page.readBigUInt64LE(offset));
}

/** Walks all trees; only for a file that is shorter than its meta page says. */
function hasAllPages(fd: number, { pageSize, roots }: Meta, pages: number): boolean {
  const open = [...roots];
  const page = Buffer.alloc(pageSize);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at >= NO_PAGE) continue;
    if (at >= pages) return false;
    readSync(fd, page, 0, pageSize, at * pageSize);
    const flags = page.readUInt16LE(PAGE_FLAGS);
    const nodes = page.readUInt16LE(PAGE_LOWER) >> 1;
    for (let index = 0; index < nodes; index++) {
      const node = PAGE_HEADER + page.readUInt16LE(PAGE_HEADER + 2 * index);
      const nodeFlags = page.readUInt16LE(node + 4);
      const data = node + 8 + page.readUInt16LE(node + 6);
      if (flags & BRANCH) open.push(page.readUInt32LE(node) + nodeFlags * 2 ** 32);
      else if ((flags & LEAF) === 0) return false;
      else if (nodeFlags & SUB_DATA) open.push(pageNumber(page, data + TREE_ROOT));
      else if (nodeFlags & BIG_DATA) {
        const bytes = page.readUInt32LE(node);
        const last = pageNumber(page, data) + Math.ceil((PAGE_HEADER + bytes) / pageSize) - 1;
        if (last >= pages) return false;
      }
    }
  }
  return true;
}
