import { type DrawKey, uniform } from '../random.js';
import { type Box, placeBox } from './box.js';
import type { AugmentationRecipe, Range } from './schema.js';

/** What is done to one photo to make one view of it. Plain data: it can be stored, sent to a thread and drawn again. */
export interface Augmentation {
  /** The part of the photo that is shown, before everything else; what lies around it can come in again by the others. */
  crop: Box;
  /** Turns, counter-clockwise where positive, about the centre. */
  rotation: number;
  /** Shares of the width and the height. */
  translation: { x: number; y: number };
  /** Photo pixels a view pixel: above 1 shows more than the photo (zooms out). */
  zoom: number;
  flip: { horizontal: boolean; vertical: boolean };
  /** Levels that are added, −255..255. */
  brightness: number;
  /** Factor of the distance to a channel's mean; 1 changes nothing. */
  contrast: number;
  /** Turns of the colour circle, −0.5..0.5. */
  hue: number;
  /** What is painted over, and with which level. */
  cutout?: Box & { level: number };
}

/** A view that is the photo itself, stretched to the size that is asked for. */
export const UNCHANGED: Augmentation = {
  crop: { left: 0, top: 0, width: 1, height: 1 },
  rotation: 0,
  translation: { x: 0, y: 0 },
  zoom: 1,
  flip: { horizontal: false, vertical: false },
  brightness: 0,
  contrast: 1,
  hue: 0,
};

/** What a view is a function of, beside the recipe. */
export interface ViewKey {
  seed: number;
  epoch: number;
  /** The photo. */
  key: DrawKey;
  /** Of several views of one photo in one epoch; default 0. */
  view?: number;
}

/** Ratios of a crop's sides, relative to the photo's: as in Inception's and torchvision's RandomResizedCrop. */
const CROP_RATIO = 4 / 3;

/**
 * Draws a view's parameters: a function of the recipe and of (seed, epoch, photo, view) alone, so that any batch of any
 * epoch can be made again by itself. Each part draws for itself: adding one to a recipe leaves the others' draws as they
 * were. Ranges are Keras's layers': RandomRotation, RandomTranslation, RandomZoom (one factor for both sides),
 * RandomFlip, RandomBrightness, RandomContrast, RandomHue.
 */
export function augmentationOf(
  recipe: AugmentationRecipe,
  { seed, epoch, key, view = 0 }: ViewKey,
): Augmentation {
  const draw = (part: string) => uniform(seed, `augment/${part}`, epoch, key, view);
  const within = ([low, high]: Range, part: string) => low + (high - low) * draw(part);
  const { rotation, translation, zoom, flip = '', brightness, contrast, hue, crop, cutout } = recipe;
  return {
    crop: crop === undefined ? UNCHANGED.crop : cropOf(within(crop, 'crop'), draw),
    rotation: rotation === undefined ? 0 : within(rotation, 'rotation'),
    translation:
      translation === undefined
        ? UNCHANGED.translation
        : { x: within(translation, 'translation-x'), y: within(translation, 'translation-y') },
    zoom: zoom === undefined ? 1 : 1 + within(zoom, 'zoom'),
    flip: {
      horizontal: flip.startsWith('horizontal') && draw('flip-horizontal') < 0.5,
      vertical: flip.endsWith('vertical') && draw('flip-vertical') < 0.5,
    },
    brightness: brightness === undefined ? 0 : 255 * within(brightness, 'brightness'),
    contrast: contrast === undefined ? 1 : 1 + within([-contrast[0], contrast[1]], 'contrast'),
    // RandomHue takes half of its factor, with a random sign.
    hue: hue === undefined ? 0 : (draw('hue-sign') < 0.5 ? -0.5 : 0.5) * within(hue, 'hue'),
    ...(cutout !== undefined &&
      draw('cutout') < cutout.probability && {
        cutout: { ...cutoutBox(cutout.scale, draw), level: cutout.fill },
      }),
  };
}

/** A part of the photo by its share of the area; a side that would be longer than the photo's is the photo's. */
function cropOf(area: number, draw: (part: string) => number): Box {
  const ratio = CROP_RATIO ** (2 * draw('crop-ratio') - 1);
  const width = Math.min(1, Math.sqrt(area * ratio));
  const height = Math.min(1, Math.sqrt(area / ratio));
  return placeBox({ width, height }, draw('crop-left'), draw('crop-top'));
}

/** Sides drawn one by one, as RandomErasing does: the square roots of two areas. */
function cutoutBox([low, high]: Range, draw: (part: string) => number): Box {
  const side = (part: string) => Math.sqrt(low + (high - low) * draw(part));
  const size = { width: side('cutout-width'), height: side('cutout-height') };
  return placeBox(size, draw('cutout-left'), draw('cutout-top'));
}
