import sharp from 'sharp';
import { augmenter } from '../augment/augmenter.js';
import { mixBatch, mixes } from '../augment/mix.js';
import { augmentationOf, UNCHANGED } from '../augment/parameters.js';
import type { AugmentationRecipe } from '../augment/schema.js';
import { PipelineError } from '../errors.js';
import type { Size } from '../kernels/resize.js';
import { uniform } from '../random.js';
import type { TensorCache } from './tensor-cache/cache.js';

/** Pixels of white between two photos. */
const GAP = 4;
/** Of a sheet: more than any screen shows. */
const MOST_PIXELS = 2 ** 26;

export interface ContactSheetOptions {
  augmentation: AugmentationRecipe;
  seed: number;
  /** Rows: photos by their keys, or so many by a seeded draw; all of them where the cache has fewer. */
  photos: number | readonly number[];
  /** Columns beside the photo itself: its views of the epochs 1, 2, …. */
  views: number;
  /** Of a photo in the sheet; default: as in the cache. */
  size?: Size;
}

/**
 * Photos of a pixel cache beside their augmented views, as one PNG: a function of the cache and the options alone.
 * @returns the PNG and the keys of its rows.
 * @throws {PipelineError} `USAGE` for a cache without photos, and for a sheet of more than 64 Mi pixels.
 */
export async function contactSheet(
  cache: TensorCache,
  { augmentation, seed, photos, views, size }: ContactSheetOptions,
): Promise<{ png: Buffer; keys: Uint32Array }> {
  const { identity } = cache;
  if (identity.kind !== 'pixels' || cache.length === 0) {
    throw new PipelineError('USAGE', `Expected a cache of photos at ${cache.path}`);
  }
  const keys = typeof photos === 'number' ? drawnKeys(cache.keys(), photos, seed) : Uint32Array.from(photos);
  const { width, height } = size ?? identity;
  const sheet = {
    width: (1 + views) * (width + GAP) + GAP,
    height: keys.length * (height + GAP) + GAP,
  };
  if (sheet.width * sheet.height > MOST_PIXELS) {
    throw new PipelineError(
      'USAGE',
      `Expected a sheet of at most ${MOST_PIXELS} pixels but it would have ${sheet.width} × ${sheet.height}`,
      { hint: 'Fewer photos or views, or a smaller size.' },
    );
  }
  const kernel = augmenter({ source: identity, target: { width, height } });
  const numbers = 3 * width * height;
  const pixels = Buffer.alloc(3 * sheet.width * sheet.height, 255);
  const column = new Float32Array(keys.length * numbers);
  for (let epoch = 0; epoch <= views; epoch++) {
    for (const [row, key] of keys.entries()) {
      cache.read(key, kernel.source);
      const view = epoch === 0 ? UNCHANGED : augmentationOf(augmentation, { seed, epoch, key });
      kernel.augment(view, column, row * numbers);
    }
    if (epoch > 0 && mixes(augmentation)) {
      const labels = new Int32Array(keys.length);
      const shape = [keys.length, height, width, 3];
      mixBatch(augmentation, { seed, epoch }, { shape, values: column, labels, keys });
    }
    const left = GAP + epoch * (width + GAP);
    for (let row = 0; row < keys.length * height; row++) {
      const top = GAP + row + GAP * Math.floor(row / height);
      const levels = column.subarray(3 * width * row, 3 * width * (row + 1));
      pixels.set(levels.map(Math.round), 3 * (top * sheet.width + left));
    }
  }
  const png = await sharp(pixels, { raw: { ...sheet, channels: 3 } })
    .png()
    .toBuffer();
  return { png, keys };
}

function drawnKeys(keys: Uint32Array, count: number, seed: number): Uint32Array {
  const drawn = [...keys].map((key) => ({ key, draw: uniform(seed, 'preview', key) }));
  drawn.sort((a, b) => a.draw - b.draw);
  return Uint32Array.from(drawn.slice(0, count), ({ key }) => key);
}
