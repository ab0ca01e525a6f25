import { hash32 } from '../random.js';

const BASE36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-';
/** Numbers are `product * PER_PRODUCT + place`: no product has as many listings or photos. */
const PER_PRODUCT = 64;
/** The pseudo product that owns what all products share: the last one that 32 bits can number. */
export const SHARED_PRODUCT = 2 ** 32 / PER_PRODUCT - 1;

/** The number of a product's listing or photo, 0..2³² − 1. */
export function numberOf(product: number, place: number): number {
  return product * PER_PRODUCT + place;
}

/** A one-to-one map of 32-bit numbers (a Feistel network of four rounds): ids look random and never collide. */
export function scramble(number: number, seed: number, name: string): number {
  let left = number >>> 16;
  let right = number & 0xffff;
  for (let round = 0; round < 4; round++) {
    [left, right] = [right, left ^ (hash32(seed, name, round, right) & 0xffff)];
  }
  return ((left << 16) | right) >>> 0;
}

/** Such as `B07PK2M82R`. */
export function itemIdOf(number: number, seed: number): string {
  return `B0${digits(scramble(number, seed, 'item'), BASE36, 8)}`;
}

/** Such as `81iZlv3bjpL`: eleven characters, the first two digits, the last an L. */
export function imageIdOf(number: number, seed: number): string {
  const filler = hash32(seed, 'image filler', number);
  const head = 31 + (filler % 60);
  return `${head}${digits(scramble(number, seed, 'image'), BASE64, 6)}${digits(filler >>> 8, BASE64, 2)}L`;
}

/** Where an image lies under `images/small`, such as `b1/b10d79cf.jpg`. */
export function imagePathOf(number: number, seed: number): string {
  const name = scramble(number, seed, 'path').toString(16).padStart(8, '0');
  return `${name.slice(0, 2)}/${name}.jpg`;
}

function digits(value: number, alphabet: string, length: number): string {
  let text = '';
  let left = value;
  for (let i = 0; i < length; i++) {
    text = alphabet[left % alphabet.length]! + text;
    left = Math.floor(left / alphabet.length);
  }
  return text;
}
