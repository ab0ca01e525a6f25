/** Counts by a whole number; 0 where none was added. */
export interface Counts {
  /** How many numbers have a count. */
  readonly size: number;
  get(key: number): number;
  /** Gives the new count. */
  add(key: number, by: number): number;
  keys(): Generator<number>;
  values(): Generator<number>;
  entries(): Generator<readonly [key: number, count: number]>;
}

/** Slots at the start; a power of two, as all later sizes. */
const FIRST = 64;

/**
 * Counts in two arrays of numbers, by open addressing: 16 to 48 bytes a key, where a `Map` with such large keys takes
 * about 90 and an object for the garbage collector each.
 */
export function countsByNumber(): Counts {
  /** Each key plus one: 0 is a free slot. */
  let keys = new Float64Array(FIRST);
  let counts = new Float64Array(FIRST);
  let shift = 32 - Math.log2(FIRST);
  let size = 0;

  /** Where a key is, or where it would be put. */
  function slotOf(stored: number): number {
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
    const [oldKeys, oldCounts] = [keys, counts];
    keys = new Float64Array(2 * oldKeys.length);
    counts = new Float64Array(2 * oldKeys.length);
    shift -= 1;
    for (let at = 0; at < oldKeys.length; at += 1) {
      const stored = oldKeys[at]!;
      if (stored === 0) continue;
      const slot = slotOf(stored);
      keys[slot] = stored;
      counts[slot] = oldCounts[at]!;
    }
  }

  return {
    get size() {
      return size;
    },
    get: (key) => counts[slotOf(key + 1)]!,
    add(key, by) {
      const slot = slotOf(key + 1);
      const count = counts[slot]! + by;
      counts[slot] = count;
      if (keys[slot] === 0) {
        keys[slot] = key + 1;
        size += 1;
        if (3 * size > 2 * keys.length) grow();
      }
      return count;
    },
    *keys() {
      for (const stored of keys) if (stored !== 0) yield stored - 1;
    },
    *values() {
      for (let at = 0; at < keys.length; at += 1) if (keys[at] !== 0) yield counts[at]!;
    },
    *entries() {
      for (let at = 0; at < keys.length; at += 1) if (keys[at] !== 0) yield [keys[at]! - 1, counts[at]!];
    },
  };
}
