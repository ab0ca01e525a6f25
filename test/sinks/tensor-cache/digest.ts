import type { CacheIdentity } from '#src/sinks/tensor-cache/cache.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';

/** A cache's digest, once every checksum was found right. */
export async function digestOf(path: string, options: { identity?: CacheIdentity } = {}): Promise<string> {
  const cache = openCache(path, options);
  try {
    await cache.verify();
    return await cache.digest();
  } finally {
    await cache.close();
  }
}
