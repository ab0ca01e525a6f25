/** Hashes are whole numbers below this: all of a double's exact ones. */
export const HASHES = 2 ** 53;

/**
 * A text's 53-bit hash (cyrb53, by bryc, public domain: two multiply-and-xor lanes of 32 bits and MurmurHash3's final
 * mix). Two of a million different texts share one in about one of 18,000 dumps.
 */
export function hashText(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
