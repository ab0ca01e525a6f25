import { z } from 'zod';

/** Lowest and highest value of a uniform draw. */
export type Range = readonly [low: number, high: number];

/** A number f, which means the range that Keras's layer makes of it, or the range itself. */
function factor(least: number, most: number, whole: (factor: number) => Range) {
  const bound = z.number().min(least).max(most);
  return z
    .union([bound, z.tuple([bound, bound])], { error: `a number or two in ${least}..${most}` })
    .transform((value): Range => (typeof value === 'number' ? whole(value) : value));
}

function range(least: number, most: number, whole: (factor: number) => Range) {
  return factor(least, most, whole).refine(([low, high]) => low <= high, {
    error: '[low, high] in this order',
  });
}

const around = (most: number): Range => [-Math.abs(most), Math.abs(most)];
const upTo = (most: number): Range => [0, most];
const alpha = z.number().min(0.05).max(4);

/** The recipe's `augmentation`: names, meanings and ranges of Keras's layers; a key that is not given does nothing. */
export const augmentationSchema = z
  .strictObject({
    rotation: range(-1, 1, around).describe('Turns about the centre: f is [-f, f].'),
    translation: range(-1, 1, around).describe('Shares of width and of height, drawn each: f is [-f, f].'),
    zoom: range(-0.9, 1, around).describe('Above 0 shows more than the photo, below 0 less: f is [-f, f].'),
    flip: z
      .enum(['none', 'horizontal', 'vertical', 'horizontal_and_vertical'])
      .describe('Half of the views.'),
    brightness: range(-1, 1, around).describe('Shares of 255 that are added: f is [-f, f].'),
    contrast: factor(0, 1, (same) => [same, same]).describe(
      '[lower, upper]: the contrast is 1 - lower to 1 + upper times the photo’s; f is [f, f].',
    ),
    hue: range(0, 1, upTo).describe('Half turns of the colour circle, either way: f is [0, f].'),
    crop: range(0.01, 1, (least) => [least, 1]).describe(
      'Shows a part of the photo with this share of its area, sides 3/4 to 4/3 of its own; f is [f, 1].',
    ),
    cutout: z
      .strictObject({
        probability: z.number().min(0).max(1).default(0.5).describe('Of each view.'),
        scale: range(0, 1, upTo).default([0.02, 0.33]).describe('Share of the area: f is [0, f].'),
        fill: z.number().min(0).max(255).default(127.5).describe('The level that it is painted with.'),
      })
      .describe('Paints over a rectangle, as RandomErasing does.'),
    mixup: alpha.describe('Averages pairs of a batch with a weight of Beta(alpha, alpha).'),
    cutmix: alpha.describe('Swaps a rectangle of pairs of a batch, its area of Beta(alpha, alpha).'),
  })
  .partial()
  .describe('How training photos are changed; each view by draws of its own.');

export type AugmentationRecipe = z.output<typeof augmentationSchema>;
