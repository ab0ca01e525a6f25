import type { Database } from 'lmdb';
import * as lmdb from 'lmdb';

/**
 * The part of lmdb's exported addon that says where `getBinaryFast` copies a value to: one pointer a thread, by default
 * at the memory `globalBuffer`, from which a value would have to be copied a second time.
 */
interface Addon {
  setGlobalBuffer(target: Uint8Array): void;
  globalBuffer: Uint8Array & { maxLength: number };
}

const { nativeAddon } = lmdb as unknown as { nativeAddon: Addon };

/** Values up to this many bytes can be read directly: lmdb takes larger ones another way. */
export const LARGEST_DIRECT = nativeAddon.globalBuffer.maxLength;

/**
 * Reads values one behind the other into `target` at multiples of `bytes`: one copy each, from the map.
 * @returns the first key whose value is not there or not of this size.
 */
export function readDirectly(
  values: Database<Buffer, number>,
  keys: ArrayLike<number>,
  target: Uint8Array,
  bytes: number,
): number | undefined {
  const database = values as typeof values & { lastSize: number };
  try {
    for (let row = 0; row < keys.length; row++) {
      // As long as a value and no longer: lmdb leaves a larger one where it is.
      nativeAddon.setGlobalBuffer(
        new Uint8Array(target.buffer as ArrayBuffer, target.byteOffset + row * bytes, bytes),
      );
      const found = values.getBinaryFast(keys[row]!);
      if (found === undefined || database.lastSize !== bytes) return keys[row]!;
    }
    return undefined;
  } finally {
    nativeAddon.setGlobalBuffer(nativeAddon.globalBuffer);
  }
}
