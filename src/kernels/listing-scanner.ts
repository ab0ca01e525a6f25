import { readFileSync } from 'node:fs';

type Prepare = (members: number, memberBytes: number, spare: number, names: number) => void;
type Scan = (start: number, end: number, canonical: number, copy: number) => number;

const PAGE = 65_536;
/** AssemblyScript's own data lies below. */
const BASE = PAGE;
const MEMBER_BYTES = PAGE / 2;
const NAME_BYTES = PAGE / 2;
/** Strings are read and written by 16 bytes, also where fewer are left. */
const PAST_THE_END = 64;
const NEWLINE = 0x0a;

/** Reads the rows of a block, one after the other. */
export interface ListingScanner {
  /**
   * Takes in a block of whole lines, each with its line feed.
   * @returns what reads the line in [start, end), its line feed not included: the line's canonical JSON, valid until the
   * next call, or undefined for what is no JSON object, and for one that is not plain enough to be sure of it here.
   */
  open(block: Uint8Array): (start: number, end: number) => Uint8Array | undefined;
  /** The wanted members of all lines that were read since `open`, as they are written, as one JSON array. */
  close(): Uint8Array;
}

/**
 * Loads the kernel; each thread has its own.
 * @param names keys of the members that are wanted; absent: all.
 */
export function listingScanner(names?: readonly string[]): ListingScanner {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const bytes = readFileSync(new URL('./listing.wasm', import.meta.url));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const { prepare, scan, copied } = instance.exports as {
    prepare: Prepare;
    scan: Scan;
    copied: () => number;
  };
  const input = BASE + MEMBER_BYTES + NAME_BYTES;
  let room = 0;
  let heap = new Uint8Array(memory.buffer);
  /** Three stretches of a block's size: canonical JSON, what it is sorted in, the copy. */
  let canonical = 0;
  let copy = 0;
  let end = 0;
  const grow = (size: number) => {
    room = size + PAST_THE_END;
    canonical = input + room;
    const spare = canonical + room;
    copy = spare + room;
    // A row's copy has two more bytes than it, and every row at least three, its line feed included.
    const missing = copy + 2 * room - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    heap = new Uint8Array(memory.buffer);
    writeNames(new DataView(memory.buffer, BASE + MEMBER_BYTES, NAME_BYTES), names ?? []);
    prepare(BASE, MEMBER_BYTES, spare, BASE + MEMBER_BYTES);
  };
  return {
    open(block) {
      if (block.length + 1 > room - PAST_THE_END || room === 0) grow(block.length + 1);
      heap.set(block, input);
      heap[input + block.length] = NEWLINE;
      end = copy;
      heap[end++] = 0x5b;
      return (from, to) => {
        const length = scan(input + from, input + to, canonical, end);
        if (length === 0) return undefined;
        end = copied();
        heap[end++] = 0x2c;
        return heap.subarray(canonical, canonical + length);
      };
    },
    close() {
      // The last comma becomes the bracket.
      if (end > copy + 1) end -= 1;
      heap[end++] = 0x5d;
      return heap.slice(copy, end);
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
