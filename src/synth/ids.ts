import { hash32 } from '../random.js';

const ROUNDS = 4;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** What genuine image ids begin with. */
const IMAGE_PREFIXES = ['31', '41', '51', '61', '71', '81', '91', 'A1'] as const;
const IMAGE_BITS = 46; // 2^46 < 62^8
const ITEM_BITS = 40; // 2^40 < 36^8
const PATH_BITS = 32;

/** Ordinals below this have an id of every kind. */
export const MOST_ORDINALS = 2 ** PATH_BITS;

/**
 * A permutation of 0..2^bits-1 by a balanced Feistel network (Luby and Rackoff, 1988): ids look drawn, never collide,
 * and none has to be remembered.
 * @param bits even, at most 52.
 */
export function scramble(index: number, bits: number, seed: number, name: string): number {
  const half = 2 ** (bits / 2);
  let left = Math.floor(index / half);
  let right = index % half;
  for (let round = 0; round < ROUNDS; round++) {
    [left, right] = [right, (left ^ (hash32(seed, name, round, right) & (half - 1))) >>> 0];
  }
  return left * half + right;
}

/** An image id such as `81iZlv3bjpL`: 11 characters. */
export function imageIdOf(seed: number, ordinal: number): string {
  const prefix = IMAGE_PREFIXES[hash32(seed, 'image-prefix', ordinal) % IMAGE_PREFIXES.length]!;
  let rest = scramble(ordinal, IMAGE_BITS, seed, 'image');
  let digits = '';
  for (let place = 0; place < 8; place++) {
    digits = BASE62[rest % 62]! + digits;
    rest = Math.floor(rest / 62);
  }
  return `${prefix}${digits}L`;
}

/** An item id such as `B06X9STHNG`: 10 characters. */
export function itemIdOf(seed: number, ordinal: number): string {
  return `B0${scramble(ordinal, ITEM_BITS, seed, 'item').toString(36).toUpperCase().padStart(8, '0')}`;
}

/** An image's path such as `1e/1e00bd6c.jpg`. */
export function imagePathOf(seed: number, ordinal: number): string {
  const name = scramble(ordinal, PATH_BITS, seed, 'path').toString(16).padStart(8, '0');
  return `${name.slice(0, 2)}/${name}.jpg`;
}
