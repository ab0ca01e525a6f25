/**
 * Counter-based randomness: a draw is a function of (seed, stage, key, epoch or index) and of nothing else, so
 * neither arrival order nor the number of workers can change it.
 */
export type DrawKey = string | number;

/** MurmurHash3's 32-bit finalizer (Appleby, public domain): every input bit reaches every output bit. */
function mix(h: number): number {
  let x = h;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** One step of MurmurHash3 x86-32 on a 32-bit word. */
function absorb(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const x = h ^ Math.imul(k, 0x1b873593);
  return (Math.imul((x << 13) | (x >>> 19), 5) + 0xe6546b64) | 0;
}

function hashWords(lane: number, keys: readonly DrawKey[]): number {
  let h = lane | 0;
  let length = 0;
  for (const key of keys) {
    if (typeof key === 'number') {
      h = absorb(absorb(h, key | 0), Math.floor(key / 2 ** 32) | 0);
      length += 8;
    } else {
      for (let i = 0; i < key.length; i++) h = absorb(h, key.charCodeAt(i));
      // The length separates ('ab', 'c') from ('a', 'bc').
      h = absorb(h, ~key.length);
      length += 2 * key.length + 4;
    }
  }
  return mix(h ^ length);
}

/** A uniform 32-bit unsigned integer determined by the keys. */
export function hash32(...keys: DrawKey[]): number {
  return hashWords(0x9747b28c, keys);
}

/** Odd, and 2^32 divided by the golden ratio: its multiples are spread evenly over the 32-bit integers. */
const GOLDEN = 0x9e3779b9;

/**
 * The draw of an index, 0-based, among those of a seed: a uniform 32-bit unsigned integer. Much cheaper than `hash32`, for
 * thousands of draws of one seed, itself drawn (Steele, Lea and Flood 2014: a Weyl sequence, mixed).
 */
export function drawAt(seed: number, index: number): number {
  return mix(seed + Math.imul(index, GOLDEN));
}

/** A uniform number in [0, 1) with 53 random bits, determined by the keys. */
export function uniform(...keys: DrawKey[]): number {
  const high = hashWords(0x9747b28c, keys) >>> 5;
  const low = hashWords(0x3c6ef372, keys) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}

/** The draws of one part of the product: bound to the run's seed and to the part's name. */
export interface RandomSource {
  readonly seed: number;
  /** A uniform number in [0, 1) for these keys. */
  uniform(...keys: DrawKey[]): number;
  /** A uniform integer in [0, bound) for these keys; `bound` in 1..2^32. */
  integer(bound: number, ...keys: DrawKey[]): number;
  /** A source for a part of this one, independent of its siblings. */
  fork(name: string): RandomSource;
}

/** @param seed any integer; the recipe's `seed`. */
export function randomSource(seed: number, name = ''): RandomSource {
  return {
    seed,
    uniform: (...keys) => uniform(seed, name, ...keys),
    integer: (bound, ...keys) => Math.floor(uniform(seed, name, ...keys) * bound),
    fork: (child) => randomSource(seed, `${name}/${child}`),
  };
}

/** Rounds of the network below: 4 suffice against an adversary with ideal rounds (Luby and Rackoff, 1988). */
const BIJECTION_ROUNDS = 6;
/** Halves of at least this many bits: narrower rounds would be too few different functions for a small range. */
const LEAST_HALF_BITS = 4;

/**
 * A permutation of 0..length-1 determined by the keys, that takes no memory: a Feistel network over the least 4^k that
 * holds the range, walked along its cycle until it comes back into the range (Black and Rogaway, 2002).
 * @param length 0..2^32; at most 4 steps a call are expected of a range above 64.
 */
export function bijection(length: number, ...keys: DrawKey[]): (index: number) => number {
  let half = LEAST_HALF_BITS;
  while (4 ** half < length) half += 1;
  const mask = 2 ** half - 1;
  const rounds = Array.from({ length: BIJECTION_ROUNDS }, (_, round) => hash32(...keys, round));
  return (index) => {
    if (!(Number.isInteger(index) && index >= 0 && index < length)) {
      throw new RangeError(`Expected an index in 0..${length - 1} but received ${index}`);
    }
    let at = index;
    do {
      let left = at >>> half;
      let right = at & mask;
      for (const key of rounds) {
        const next = left ^ (mix(right ^ key) & mask);
        left = right;
        right = next;
      }
      at = ((left << half) | right) >>> 0;
    } while (at >= length);
    return at;
  };
}
