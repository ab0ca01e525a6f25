/** Finds 64-bit hashes near a hash without comparing all pairs. */
export interface HashIndex {
  /** Adds a hash (16 hex digits) under the next index, and calls back for every earlier one within the radius. */
  add(hash: string, onNear: (index: number, distance: number) => void): void;
}

const BANDS = 4;
const BAND_BITS = 16;
/** With at most this many flipped bits tried in each of four bands, every hash within 11 bits is found. */
const FLIPS = 2;
export const MAX_RADIUS = BANDS * (FLIPS + 1) - 1;

/** All 16-bit masks with at most two bits: 1 + 16 + 120. */
const PROBES = Array.from({ length: 1 << BAND_BITS }, (_, mask) => mask).filter(
  (mask) => popcount(mask) <= FLIPS,
);

/**
 * Multi-index hashing (Norouzi, Punjani & Fleet 2012): the hash is cut into four bands of 16 bits, each with a table of
 * its own. Of two hashes within `radius` bits at least one band differs in at most ⌊radius / 4⌋ bits, so trying those
 * flips finds them all.
 * @param radius 0..11
 */
export function hashIndex(radius: number): HashIndex {
  if (radius > MAX_RADIUS)
    throw new RangeError(`Expected a radius of at most ${MAX_RADIUS} but received ${radius}`);
  const probes = Int32Array.from(PROBES.filter((mask) => popcount(mask) <= Math.floor(radius / BANDS)));
  const heads = Array.from({ length: BANDS }, () => new Int32Array(1 << BAND_BITS).fill(-1));
  let next = Array.from({ length: BANDS }, () => new Int32Array(1024));
  let high = new Int32Array(1024);
  let low = new Int32Array(1024);
  let seen = new Int32Array(1024);
  let count = 0;
  const grow = () => {
    const doubled = (old: Int32Array) => {
      const bigger = new Int32Array(2 * old.length);
      bigger.set(old);
      return bigger;
    };
    next = next.map(doubled);
    [high, low, seen] = [doubled(high), doubled(low), doubled(seen)];
  };
  return {
    add(hash, onNear) {
      if (count === high.length) grow();
      const upper = Number.parseInt(hash.slice(0, 8), 16) | 0;
      const lower = Number.parseInt(hash.slice(8), 16) | 0;
      const bands = [upper >>> 16, upper & 0xffff, lower >>> 16, lower & 0xffff];
      for (let band = 0; band < BANDS; band++) {
        const value = bands[band]!;
        const head = heads[band]!;
        const following = next[band]!;
        for (const probe of probes) {
          for (let at = head[value ^ probe]!; at >= 0; at = following[at]!) {
            // Bands may find the same hash several times.
            if (seen[at] === count + 1) continue;
            seen[at] = count + 1;
            const distance = popcount(high[at]! ^ upper) + popcount(low[at]! ^ lower);
            if (distance <= radius) onNear(at, distance);
          }
        }
      }
      for (let band = 0; band < BANDS; band++) {
        const value = bands[band]!;
        next[band]![count] = heads[band]![value]!;
        heads[band]![value] = count;
      }
      high[count] = upper;
      low[count] = lower;
      count += 1;
    },
  };
}

/** Set bits of a 32-bit integer (Warren, Hacker's Delight, 5-1). */
export function popcount(value: number): number {
  let x = value - ((value >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}
