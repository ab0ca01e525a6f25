import { readFileSync } from 'node:fs';

const PAGE = 65_536;
/** AssemblyScript's own data lies below. */
const BASE = PAGE;
const MEMBER_BYTES = PAGE / 2;
const NAME_BYTES = PAGE / 2;
/** What `begin` asks for. */
const SLOT_BYTES = 4 * 65_536;
const SEEN_BYTES = 12 * 32_768;
/** Strings are read and written by 16 bytes, also where fewer are left. */
const PAST_THE_END = 64;
const NEWLINE = 0x0a;
const OPEN = 0x5b;
const CLOSE = 0x5d;

interface Kernel {
  prepare(members: number, memberBytes: number, spare: number, names: number): void;
  begin(texts: number, numbers: number, slots: number, seen: number): void;
  scan(start: number, end: number, canonical: number): number;
  numbered(): number;
  written(): number;
}

/** The wanted members of rows. */
export interface RowMembers {
  /**
   * All different members as one JSON array: a key, its value, the next key and so on. The same member may stand there
   * again where there are very many.
   */
  members: Uint8Array;
  /** Each row's members in their order, one row after the other: the number that a member has among those. */
  numbers: Uint32Array;
  /** Where each row's end in `numbers`. */
  ends: Uint32Array;
}

/** Reads the rows of a block, one after the other. */
export interface ListingScanner {
  /**
   * Takes in a block of whole lines, each with its line feed.
   * @returns what reads the line in [start, end), its line feed not included: the line's canonical JSON, valid until the
   * next call, or undefined for what is no JSON object, and for one that is not plain enough to be sure of it here.
   */
  open(block: Uint8Array): (start: number, end: number) => Uint8Array | undefined;
  /** The wanted members of all lines that were read since `open`. */
  close(): RowMembers;
}

/**
 * Loads the kernel; each thread has its own.
 * @param names keys of the members that are wanted; absent: all.
 */
export function listingScanner(names?: readonly string[]): ListingScanner {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const bytes = readFileSync(new URL('./listing.wasm', import.meta.url));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const kernel = instance.exports as unknown as Kernel;
  const slots = BASE + MEMBER_BYTES + NAME_BYTES;
  const seen = slots + SLOT_BYTES;
  const input = seen + SEEN_BYTES;
  let room = 0;
  let heap = new Uint8Array(memory.buffer);
  /** Stretches of a block's size: canonical JSON, what it is sorted in, the members' text and their numbers. */
  let canonical = 0;
  let texts = 0;
  let numbers = 0;
  const ends: number[] = [];
  const grow = (size: number) => {
    // A multiple of 4, where numbers can lie.
    room = (size + PAST_THE_END + 3) & ~3;
    canonical = input + room;
    const spare = canonical + room;
    // A member takes no more than in its row, and its number less than it.
    texts = spare + room;
    numbers = texts + room;
    const missing = numbers + room - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    heap = new Uint8Array(memory.buffer);
    const namesAt = BASE + MEMBER_BYTES;
    writeNames(new DataView(memory.buffer, namesAt, NAME_BYTES), names ?? []);
    kernel.prepare(BASE, MEMBER_BYTES, spare, namesAt);
  };
  return {
    open(block) {
      if (block.length + 1 > room - PAST_THE_END || room === 0) grow(block.length + 1);
      heap.set(block, input);
      heap[input + block.length] = NEWLINE;
      heap[texts] = OPEN;
      kernel.begin(texts + 1, numbers, slots, seen);
      ends.length = 0;
      return (from, to) => {
        const length = kernel.scan(input + from, input + to, canonical);
        if (length === 0) return undefined;
        ends.push((kernel.numbered() - numbers) / 4);
        return heap.subarray(canonical, canonical + length);
      };
    },
    close() {
      const end = kernel.written();
      heap[end] = CLOSE;
      return {
        members: heap.slice(texts, end + 1),
        numbers: new Uint32Array(heap.slice(numbers, kernel.numbered()).buffer),
        ends: Uint32Array.from(ends),
      };
    },
  };
}

/** A length (u32) and the bytes of each name; a length of 0 ends them. */
function writeNames(view: DataView, names: readonly string[]): void {
  let at = 0;
  for (const name of names) {
    const text = Buffer.from(name);
    view.setUint32(at, text.length, true);
    new Uint8Array(view.buffer, view.byteOffset + at + 4).set(text);
    at += 4 + text.length;
  }
  view.setUint32(at, 0, true);
}
