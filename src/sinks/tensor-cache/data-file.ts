import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { PipelineError } from '../../errors.js';
import { assertSoundTree, type Pages, readTree, type Tree } from './page-tree.js';

/** Where things lie in a meta page of LMDB 0.9.90 (data format 2), 64 bits; `MDB_meta` in its mdb.c. */
const META_MAGIC = 24;
const META_VERSION = 28;
const META_PAGE_SIZE = 48;
/** The tree of free pages; the page size stands in its first bytes. */
const META_FREE = 48;
const META_MAIN = 96;
const META_LAST_PAGE = 144;
const META_TRANSACTION = 152;
const META_END = 168;
const MAGIC = 0xbeefc0de;
const VERSION = 2;
/** As many as 16 TB have; LMDB maps them all, whether they are there or not. */
const MOST_PAGES = 2 ** 32;

interface Meta {
  pageSize: number;
  lastPage: number;
  free: Tree;
  main: Tree;
  transaction: bigint;
}

/** Walks that a writer may disturb by using pages again that were free in the meantime. */
const ATTEMPTS = 3;

/** What tells threads that start later which files were found sound, and as what. */
const SOUND_FILES = 'abo-pipeline: sound data files';
type SoundFiles = Record<string, string>;
const soundFiles = () => (getEnvironmentData(SOUND_FILES) ?? {}) as SoundFiles;

/**
 * Walks all trees of a data file with plain reads, every page of them but not the pages of large values. LMDB maps the
 * file and trusts it: a page that was cut off would end the process with SIGBUS, and one with a flipped bit may do so
 * with SIGSEGV.
 * @throws {PipelineError} `CACHE_CORRUPT` where anything is not as LMDB writes it.
 */
export function assertSound(path: string, file: string): void {
  const fd = openSync(file, 'r');
  try {
    for (let attempt = 1; ; attempt++) {
      const meta = newestMeta(fd);
      // After the meta pages: beside a writer, a file only grows.
      const { size, dev, ino } = fstatSync(fd);
      if (meta === undefined)
        throw corrupt(path, `Expected a data file of LMDB but data.mdb has ${size} bytes`);
      const state = `${dev}:${ino}:${meta.transaction}:${size}`;
      if (soundFiles()[file] === state) return;
      try {
        walk(fd, meta, size);
        setEnvironmentData(SOUND_FILES, { ...soundFiles(), [file]: state });
        return;
      } catch (error) {
        const written = newestMeta(fd)?.transaction !== meta.transaction;
        if (!written) throw corrupt(path, `Expected a whole data.mdb but ${(error as Error).message}`);
        // LMDB's own readers are safe from the writer that works so fast.
        if (attempt === ATTEMPTS) return;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function corrupt(path: string, message: string): PipelineError {
  return new PipelineError('CACHE_CORRUPT', message, {
    key: path,
    hint: 'It was cut off in a copy, or its disk is failing: copy it again, or remove this folder and build it again.',
  });
}

/** The number, pages and trees of what was committed last; undefined where it is no data file. */
export function newestSnapshot(fd: number): { transaction: bigint; pages: Pages; main: Tree } | undefined {
  const meta = newestMeta(fd);
  if (meta === undefined) return undefined;
  const { transaction, main } = meta;
  return { transaction, pages: pagesOf(fd, meta, fstatSync(fd).size), main };
}

function pagesOf(fd: number, { pageSize, lastPage, transaction }: Meta, size: number): Pages {
  const page = Buffer.alloc(pageSize);
  return {
    pageSize,
    transaction,
    count: Math.min(Math.floor(size / pageSize), lastPage + 1),
    read(number: number) {
      if (readSync(fd, page, 0, pageSize, number * pageSize) === pageSize) return page;
      throw new Error(`page ${number} is not in the file`);
    },
  };
}

function walk(fd: number, meta: Meta, size: number): void {
  const { free, main } = meta;
  const pages = pagesOf(fd, meta, size);
  const taken = new Uint8Array(pages.count);
  assertSoundTree(pages, free, taken, { nested: false });
  assertSoundTree(pages, main, taken, { nested: true });
}

/**
 * Meta pages lie at 0, one page, and half a page (the last one that was synced, where there is one).
 * @returns undefined unless all can be used: LMDB would choose by what it reads there.
 */
function newestMeta(fd: number): Meta | undefined {
  const first = metaAt(fd, 0);
  if (first === undefined || first === 'damaged') return undefined;
  let newest = first;
  for (const [part, needed] of [
    [1, true],
    [0.5, false],
  ] as const) {
    const meta = metaAt(fd, first.pageSize * part);
    if (meta === undefined && !needed) continue;
    if (meta === undefined || meta === 'damaged' || meta.pageSize !== first.pageSize) return undefined;
    if (part === 1 && !areNeighbours(first.transaction, meta.transaction)) return undefined;
    if (meta.transaction > newest.transaction) newest = meta;
  }
  return newest;
}

/** Transactions write the two meta pages in turn, even ones the first. */
function areNeighbours(first: bigint, second: bigint): boolean {
  if (first === 0n && second === 0n) return true;
  return first % 2n === 0n && (second === first + 1n || second === first - 1n);
}

function metaAt(fd: number, offset: number): Meta | 'damaged' | undefined {
  const page = Buffer.alloc(META_END);
  if (readSync(fd, page, 0, META_END, offset) < META_END || page.readUInt32LE(META_MAGIC) !== MAGIC) {
    return undefined;
  }
  const pageSize = page.readUInt32LE(META_PAGE_SIZE);
  const lastPage = Number(page.readBigUInt64LE(META_LAST_PAGE));
  const usable =
    page.readUInt32LE(META_VERSION) === VERSION &&
    pageSize >= 512 &&
    pageSize <= 65536 &&
    (pageSize & (pageSize - 1)) === 0 &&
    lastPage < MOST_PAGES;
  if (!usable) return 'damaged';
  return {
    pageSize,
    lastPage,
    free: readTree(page, META_FREE),
    main: readTree(page, META_MAIN),
    transaction: page.readBigUInt64LE(META_TRANSACTION),
  };
}
