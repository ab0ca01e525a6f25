/** Counts by a whole number; 0 where none was added. */
export interface Counts {
  /** How many numbers have a count. */
  readonly size: number;
  get(key: number): number;
  /** Gives the new count, below 2^32. */
  add(key: number, by: number): number;
  values(): Generator<number>;
  entries(): Generator<readonly [key: number, count: number]>;
}

/** Different whole numbers. */
export interface Numbers {
  readonly size: number;
  add(key: number): void;
  keys(): Generator<number>;
}

/** Slots at the start; a power of two, as all later sizes. */
const FIRST = 64;

/** Keys plus one, in their slots, by open addressing: 0 is a free slot. */
interface Slots {
  readonly keys: Float64Array;
  readonly size: number;
  /** Where a key is, or where it would be put. */
  slotOf(key: number): number;
  /** @param slot as `slotOf` gave it. */
  put(slot: number, key: number): void;
}

/** @param grown called when there are twice as many slots; gives what is told where each key's was, and where it is now. */
function slotTable(grown?: () => (from: number, to: number) => void): Slots {
  let keys = new Float64Array(FIRST);
  let shift = 32 - Math.log2(FIRST);
  let size = 0;

  function slotOf(key: number): number {
    const stored = key + 1;
    const mask = keys.length - 1;
    // Both halves of the key, spread over all bits: keys may be small and dense.
    const mixed = Math.imul((stored >>> 0) ^ Math.imul((stored / 2 ** 32) >>> 0, 0x85ebca6b), 0x9e3779b1);
    let slot = mixed >>> shift;
    for (;;) {
      const found = keys[slot]!;
      if (found === 0 || found === stored) return slot;
      slot = (slot + 1) & mask;
    }
  }

  function grow(): void {
    const old = keys;
    keys = new Float64Array(2 * old.length);
    shift -= 1;
    const move = grown?.();
    for (let at = 0; at < old.length; at += 1) {
      const stored = old[at]!;
      if (stored === 0) continue;
      const slot = slotOf(stored - 1);
      keys[slot] = stored;
      move?.(at, slot);
    }
  }

  return {
    get keys() {
      return keys;
    },
    get size() {
      return size;
    },
    slotOf,
    put(slot, key) {
      keys[slot] = key + 1;
      size += 1;
      if (3 * size > 2 * keys.length) grow();
    },
  };
}

/** Holds different whole numbers in one array: 12 to 24 bytes each, where a `Set` takes about 60. */
export function numberSet(): Numbers {
  const slots = slotTable();
  return {
    get size() {
      return slots.size;
    },
    add(key) {
      const slot = slots.slotOf(key);
      if (slots.keys[slot] === 0) slots.put(slot, key);
    },
    *keys() {
      for (const stored of slots.keys) if (stored !== 0) yield stored - 1;
    },
  };
}

/**
 * Counts in two arrays of numbers: 18 to 36 bytes a key, where a `Map` with such large keys takes about 90 and an object
 * for the garbage collector each.
 */
export function countsByNumber(): Counts {
  let counts = new Uint32Array(FIRST);
  const slots = slotTable(() => {
    const before = counts;
    counts = new Uint32Array(2 * before.length);
    return (from, to) => {
      counts[to] = before[from]!;
    };
  });
  return {
    get size() {
      return slots.size;
    },
    get: (key) => counts[slots.slotOf(key)]!,
    add(key, by) {
      const slot = slots.slotOf(key);
      const count = counts[slot]! + by;
      counts[slot] = count;
      if (slots.keys[slot] === 0) slots.put(slot, key);
      return count;
    },
    *values() {
      for (const [, count] of this.entries()) yield count;
    },
    *entries() {
      for (const [at, stored] of slots.keys.entries()) if (stored !== 0) yield [stored - 1, counts[at]!];
    },
  };
}
