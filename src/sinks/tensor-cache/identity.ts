import { AUGMENT_VERSION } from '../../augment/augmenter.js';
import { DECODER_VERSIONS } from '../../kernels/decode.js';
import { FIT_VERSION } from '../../kernels/fit.js';
import { JPEG_VERSION } from '../../kernels/jpeg-storage.js';
import type { PixelTarget } from '../../kernels/pixel-pool.js';
import { RESIZE_VERSIONS } from '../../kernels/resize.js';
import type { PixelIdentity } from './cache.js';

export { identityHash } from './same-identity.js';

/** The identity of a cache of photos decoded to a target by this version of the product. */
export function pixelIdentity(target: PixelTarget): PixelIdentity {
  const { height, width, fit, filter = 'bilinear', decoder, storage = 'raw', view } = target;
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
    ...(storage !== 'raw' && { storage }),
    ...(view && { view }),
    versions: {
      decoder: DECODER_VERSIONS[decoder],
      resize: fit === 'stretch' ? resize : `${resize}+${FIT_VERSION}`,
      ...(storage === 'jpeg' && { storage: JPEG_VERSION }),
      ...(view && { augment: AUGMENT_VERSION }),
    },
  };
}

/** What photos become in a cache. */
export function pixelTarget(identity: PixelIdentity): PixelTarget {
  const { height, width, fit, filter, decoder, storage, view } = identity;
  return {
    height,
    width,
    fit,
    ...(filter && { filter }),
    decoder,
    ...(storage && { storage }),
    ...(view && { view }),
  };
}
