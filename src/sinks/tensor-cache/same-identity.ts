// Apart from what makes an identity: that needs the decoders, which a thread that only reads does without.
import { canonicalJson, hashOf } from '../../canonical-json.js';
import { PipelineError } from '../../errors.js';
import type { CacheIdentity, PixelIdentity } from './cache.js';

/** The first 8 hex digits of an identity's hash: what names a cache's folder. */
export function identityHash(identity: CacheIdentity): string {
  return hashOf(identity).slice(0, 8);
}

/** Whether values are JPEGs, of lengths of their own. */
export function storesJpegs(identity: CacheIdentity): identity is PixelIdentity & { storage: 'jpeg' } {
  return identity.kind === 'pixels' && identity.storage === 'jpeg';
}

/** Bytes of one value as it is read. */
export function valueBytes(identity: CacheIdentity): number {
  return identity.kind === 'pixels'
    ? identity.height * identity.width * identity.channels
    : identity.length * Float32Array.BYTES_PER_ELEMENT;
}

/** @throws {PipelineError} `CACHE_MISMATCH` naming every property that differs. */
export function assertIdentity(path: string, found: CacheIdentity, wanted: CacheIdentity): void {
  if (canonicalJson(found) === canonicalJson(wanted)) return;
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  const get = (identity: CacheIdentity, name: string) =>
    canonicalJson((identity as unknown as Record<string, unknown>)[name] ?? null);
  const differences = [...names]
    .filter((name) => get(found, name) !== get(wanted, name))
    .map((name) => `${name} ${get(wanted, name)} but received ${get(found, name)}`);
  throw new PipelineError('CACHE_MISMATCH', `Expected a cache with ${differences.join('; ')}`, {
    key: path,
    hint: 'Choose another folder: a cache holds one kind of preprocessing.',
  });
}
