/**
 * How 0..255 RGB becomes a network's input: `scale` is x / 255, `tf` is x / 127.5 − 1, `torch` is (x / 255 − mean) /
 * std by ImageNet's channel statistics, `caffe` is BGR minus ImageNet's channel means (keras.applications'
 * preprocess_input modes).
 */
export type Normalisation = 'scale' | 'tf' | 'torch' | 'caffe';

/** A channel of the result: which channel of RGB it comes from, and value × scale + shift. */
export interface Channel {
  from: number;
  scale: number;
  shift: number;
}

const same = (scale: number, shift: number): Channel[] => [0, 1, 2].map((from) => ({ from, scale, shift }));

/** ImageNet's statistics, as in keras/src/applications/imagenet_utils.py. */
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const BGR_MEANS = [103.939, 116.779, 123.68];

const CHANNELS: Record<Normalisation, readonly Channel[]> = {
  scale: same(1 / 255, 0),
  tf: same(1 / 127.5, -1),
  torch: MEAN.map((mean, from) => ({ from, scale: 1 / 255 / STD[from]!, shift: -mean / STD[from]! })),
  caffe: BGR_MEANS.map((mean, channel) => ({ from: 2 - channel, scale: 1, shift: -mean })),
};

/** The three channels of a normalisation; of none: levels as they are. @throws {RangeError} for another one. */
export function channelsOf(normalisation?: Normalisation): readonly Channel[] {
  if (normalisation === undefined) return same(1, 0);
  if (Object.hasOwn(CHANNELS, normalisation)) return CHANNELS[normalisation];
  throw new RangeError(`Expected one of ${Object.keys(CHANNELS).join(', ')} but received ${normalisation}`);
}
