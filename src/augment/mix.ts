import { type DrawKey, uniform } from '../random.js';
import { type Box, pixelsOf, placeBox } from './box.js';
import type { AugmentationRecipe } from './schema.js';

/** How two photos of a batch are mixed: as averages of each other, or by swapping a rectangle. */
export type Mix = { kind: 'mixup'; weight: number } | { kind: 'cutmix'; box: Box };

/** A batch of photos that can be mixed in place. */
export interface MixableBatch {
  /** [size, height, width, 3] */
  shape: readonly number[];
  /** Row-major; levels or normalised numbers. */
  values: Float32Array;
  /** Classes, [size]. */
  labels: Int32Array;
  /** The photos' keys, [size]. */
  keys: ArrayLike<DrawKey>;
}

/** Each photo's two classes: `labels` with the weight `weights`, `others` with the rest of 1. All [size]. */
export interface MixedLabels {
  labels: Int32Array;
  others: Int32Array;
  weights: Float32Array;
}

/** Whether a recipe mixes photos. */
export function mixes({ mixup, cutmix }: AugmentationRecipe): boolean {
  return mixup !== undefined || cutmix !== undefined;
}

/**
 * Draws how a pair is mixed: a function of the recipe, (seed, epoch) and the pair's photos. Weights come from
 * Beta(alpha, alpha) (Zhang et al. 2018; Yun et al. 2019); where a recipe has both kinds each takes half of the pairs.
 * @throws {RangeError} where the recipe has neither: see `mixes`.
 */
export function mixOf(
  { mixup, cutmix }: AugmentationRecipe,
  { seed, epoch }: { seed: number; epoch: number },
  pair: readonly [DrawKey, DrawKey],
): Mix {
  const draw = (part: string, index = 0) => uniform(seed, `augment/mix/${part}`, epoch, ...pair, index);
  if (mixup !== undefined && (cutmix === undefined || draw('kind') < 0.5)) {
    return { kind: 'mixup', weight: beta(mixup, draw) };
  }
  if (cutmix === undefined) throw new RangeError('Expected mixup or cutmix in the recipe');
  const side = Math.sqrt(1 - beta(cutmix, draw));
  return { kind: 'cutmix', box: placeBox({ width: side, height: side }, draw('left'), draw('top')) };
}

/**
 * Mixes a batch in place: its first photo with its last, the second with the last but one, and so on, both ways at once;
 * the middle one of an odd number stays. Batches are shuffled, so any partner is as good as another, and none has to be
 * copied aside.
 */
export function mixBatch(
  recipe: AugmentationRecipe,
  draws: { seed: number; epoch: number },
  { shape, values, labels, keys }: MixableBatch,
): MixedLabels {
  const [size = 0, height = 0, width = 0, channels = 0] = shape;
  const numbers = height * width * channels;
  const others = labels.slice().reverse();
  const weights = new Float32Array(size).fill(1);
  for (let row = 0; row < size >> 1; row++) {
    const other = size - 1 - row;
    const first = values.subarray(row * numbers, (row + 1) * numbers);
    const second = values.subarray(other * numbers, (other + 1) * numbers);
    const mix = mixOf(recipe, draws, [keys[row]!, keys[other]!]);
    let weight: number;
    if (mix.kind === 'mixup') {
      weight = mix.weight;
      average(first, second, weight);
    } else {
      const { left, top, width: columns, height: rows } = pixelsOf(mix.box, { width, height });
      weight = 1 - (columns * rows) / (width * height);
      for (let y = top; y < top + rows; y++) {
        const at = (y * width + left) * channels;
        swap(first, second, at, at + columns * channels);
      }
    }
    weights[row] = weight;
    weights[other] = weight;
  }
  return { labels, others, weights };
}

function average(first: Float32Array, second: Float32Array, weight: number): void {
  for (let at = 0; at < first.length; at++) {
    const a = first[at]!;
    const b = second[at]!;
    const moved = weight * (a - b);
    first[at] = b + moved;
    second[at] = a - moved;
  }
}

function swap(first: Float32Array, second: Float32Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const kept = first[at]!;
    first[at] = second[at]!;
    second[at] = kept;
  }
}

/** A draw of Beta(alpha, alpha) by Jöhnk's rejection (1964); alpha 0.05..4, where it ends after 70 tries on average at most. */
function beta(alpha: number, draw: (part: string, index: number) => number): number {
  for (let tries = 0; ; tries++) {
    const x = draw('beta-x', tries) ** (1 / alpha);
    const y = draw('beta-y', tries) ** (1 / alpha);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
}
