import { canonicalJson, hashOf } from '../../canonical-json.js';
import { PipelineError } from '../../errors.js';
import { DECODER_VERSIONS } from '../../kernels/decode.js';
import { FIT_VERSION } from '../../kernels/fit.js';
import type { PixelTarget } from '../../kernels/pixel-pool.js';
import { RESIZE_VERSIONS } from '../../kernels/resize.js';
import type { CacheIdentity, PixelIdentity } from './cache.js';

/** The identity of a cache of photos decoded to a target by this version of the product. */
export function pixelIdentity(target: PixelTarget): PixelIdentity {
  const { height, width, fit, filter = 'bilinear', decoder } = target;
  const resize = RESIZE_VERSIONS[filter];
  return {
    kind: 'pixels',
    schemaVersion: 1,
    height,
    width,
    channels: 3,
    dtype: 'uint8',
    fit,
    ...(filter !== 'bilinear' && { filter }),
    decoder,
    versions: {
      decoder: DECODER_VERSIONS[decoder],
      resize: fit === 'stretch' ? resize : `${resize}+${FIT_VERSION}`,
    },
  };
}

/** What photos become in a cache. */
export function pixelTarget({ height, width, fit, filter, decoder }: PixelIdentity): PixelTarget {
  return { height, width, fit, ...(filter && { filter }), decoder };
}

/** The first 8 hex digits of an identity's hash: what names a cache's folder. */
export function identityHash(identity: CacheIdentity): string {
  return hashOf(identity).slice(0, 8);
}

/** Bytes of one value. */
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
