// Augmented views of photos, over a memory that the host owns. Photos are RGB bytes, views three float32 a pixel.
export { warp } from './augment/warp';
export { channelMeans, recolour } from './augment/colour';
export { erase, normalise, roundToBytes } from './augment/finish';
