/** Hex digits of a listing's digest: 128 bits are enough to tell rows apart. */
export const DIGEST_DIGITS = 32;
