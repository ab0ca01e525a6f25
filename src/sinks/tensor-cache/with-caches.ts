import type { CacheIdentity, TensorCache } from './cache.js';
import { openCache } from './open.js';

/** A cache to open. */
export interface CacheReference {
  path: string;
  identity: CacheIdentity;
}

/**
 * Opens caches for as long as something takes.
 * @throws {PipelineError} as `openCache`.
 */
export async function withCaches<T>(
  references: readonly CacheReference[],
  use: (caches: TensorCache[]) => T | Promise<T>,
): Promise<T> {
  const caches: TensorCache[] = [];
  try {
    for (const { path, identity } of references) caches.push(openCache(path, { identity }));
    return await use(caches);
  } finally {
    for (const cache of caches) await cache.close();
  }
}
