import type { Draws } from './draws.js';

type Interval = readonly [low: number, high: number];

export type ColorName =
  | 'Black'
  | 'White'
  | 'Grey'
  | 'Blue'
  | 'Brown'
  | 'Red'
  | 'Beige'
  | 'Green'
  | 'Pink'
  | 'Yellow';

/** Hue in degrees, saturation and lightness in percent: what may still be called this colour. */
const COLORS: Readonly<Record<ColorName, { hue: Interval; saturation: Interval; lightness: Interval }>> = {
  Black: { hue: [200, 260], saturation: [0, 8], lightness: [9, 19] },
  White: { hue: [30, 60], saturation: [0, 12], lightness: [90, 96] },
  Grey: { hue: [200, 240], saturation: [0, 7], lightness: [42, 63] },
  Blue: { hue: [205, 232], saturation: [45, 75], lightness: [30, 52] },
  Brown: { hue: [17, 30], saturation: [38, 60], lightness: [22, 35] },
  Red: { hue: [352, 368], saturation: [60, 82], lightness: [36, 49] },
  Beige: { hue: [32, 43], saturation: [28, 50], lightness: [70, 80] },
  Green: { hue: [95, 155], saturation: [32, 60], lightness: [27, 45] },
  Pink: { hue: [322, 346], saturation: [55, 80], lightness: [64, 78] },
  Yellow: { hue: [43, 54], saturation: [78, 95], lightness: [47, 58] },
};

/** Uneven, as in real catalogues. */
export const COLOR_WEIGHTS: readonly (readonly [ColorName, number])[] = [
  ['Black', 22],
  ['White', 13],
  ['Grey', 13],
  ['Blue', 12],
  ['Brown', 11],
  ['Red', 8],
  ['Beige', 7],
  ['Green', 6],
  ['Pink', 5],
  ['Yellow', 3],
];

export const COLOR_NAMES: readonly ColorName[] = COLOR_WEIGHTS.map(([name]) => name);

/** What the shapes fill their parts with. */
export type Tone = 'main' | 'light' | 'dark' | 'wood' | 'metal' | 'cream' | 'ink';

/** The gradients of one photo as SVG `<defs>`, and the colour of its outlines. */
export interface Paint {
  defs: string;
  line: string;
}

/**
 * @param product the draws of the product: its very shade.
 * @param light the draws of the shot: where the light comes from.
 */
export function paintOf(color: ColorName, product: Draws, light: Draws): Paint {
  const { hue, saturation, lightness } = COLORS[color];
  const shade = product.part('shade', color);
  const h = shade.range('hue', ...hue) % 360;
  const s = shade.range('saturation', ...saturation);
  const l = shade.range('lightness', ...lightness);
  const contrast = light.range('contrast', 0.6, 1.3);
  const flipped = light.chance('from-right', 0.4);
  const wood = product.part('wood');
  const woodHue = wood.range('hue', 22, 38);
  const woodLight = wood.range('lightness', 24, 66);
  const gradient = (tone: Tone, hues: number, saturations: number, middle: number) => {
    const stops = [middle + 9 * contrast, middle, middle - 11 * contrast].map((at) =>
      hsl(hues, saturations, at),
    );
    if (flipped) stops.reverse();
    const [from, centre, to] = stops;
    return `<linearGradient id="${tone}" x1="0" y1="0" x2="1" y2="0.35"><stop offset="0" stop-color="${from}"/><stop offset="0.5" stop-color="${centre}"/><stop offset="1" stop-color="${to}"/></linearGradient>`;
  };
  return {
    defs: [
      gradient('main', h, s, l),
      gradient('light', h, s * 0.8, Math.min(l + 13, 97)),
      gradient('dark', h, s, l * 0.68),
      gradient('wood', woodHue, wood.range('saturation', 25, 50), woodLight),
      gradient('metal', 215, 6, wood.range('metal', 35, 75)),
      gradient('cream', 40, 25, 89),
      gradient('ink', 220, 12, 17),
    ].join(''),
    line: hsl(h, s * 0.6, l * 0.5),
  };
}

/** A colour as `#rrggbb`. @param h degrees @param s percent @param l percent, clamped to 3..98 */
export function hsl(h: number, s: number, l: number): string {
  const lightness = Math.min(Math.max(l, 3), 98) / 100;
  const chroma = (s / 100) * Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + h / 30) % 12;
    const value = lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
