import { type Augmentation, augmentationOf } from './parameters.js';
import type { AugmentationRecipe } from './schema.js';

/** Which augmented view of each photo a cache keeps instead of the photo. */
export interface StoredView {
  /** 1..k of k copies. */
  number: number;
  seed: number;
  /** Without what mixes photos of a batch. */
  augmentation: AugmentationRecipe;
}

/** Training epochs count from 1: what is stored draws beside them. */
const NO_EPOCH = 0;

/**
 * Draws a stored view's parameters: a function of the view and of the photo's bytes alone, because a key in a cache
 * depends on what else is there.
 * @param sha256 of the photo's file, hex.
 */
export function storedAugmentation({ number, seed, augmentation }: StoredView, sha256: string): Augmentation {
  return augmentationOf(augmentation, { seed, epoch: NO_EPOCH, key: sha256, view: number });
}

/** What a recipe does to each photo by itself, and what it does to pairs of a batch. */
export function splitAugmentation({ mixup, cutmix, ...ofPhotos }: AugmentationRecipe): {
  ofPhotos: AugmentationRecipe;
  ofBatches: AugmentationRecipe;
} {
  return {
    ofPhotos,
    ofBatches: { ...(mixup !== undefined && { mixup }), ...(cutmix !== undefined && { cutmix }) },
  };
}

/** Whether a recipe can change a photo by itself: ranges of nothing but zero do not, whatever is drawn. */
export function changesPhotos(recipe: AugmentationRecipe): boolean {
  const { rotation, translation, zoom, flip = 'none', brightness, contrast, hue, crop, cutout } = recipe;
  const moves = [rotation, translation, zoom, brightness, contrast, hue].some((range) =>
    range?.some((bound) => bound !== 0),
  );
  const crops = crop?.some((share) => share !== 1) ?? false;
  return (
    moves ||
    crops ||
    flip !== 'none' ||
    (cutout !== undefined && cutout.probability > 0 && cutout.scale[1] > 0)
  );
}
