import { DECODER_VERSIONS } from '../../kernels/decode.js';
import type { PixelTarget } from '../../kernels/pixel-pool.js';
import { RESIZE_VERSION } from '../../kernels/resize.js';
import type { PixelIdentity } from './cache.js';

export { identityHash } from './same-identity.js';

/** The identity of a cache of photos decoded to a target by this version of the product. */
export function pixelIdentity({ height, width, fit, decoder }: PixelTarget): PixelIdentity {
  return {
    kind: 'pixels',
    schemaVersion: 1,
    height,
    width,
    channels: 3,
    dtype: 'uint8',
    fit,
    decoder,
    versions: { decoder: DECODER_VERSIONS[decoder], resize: RESIZE_VERSION },
  };
}
