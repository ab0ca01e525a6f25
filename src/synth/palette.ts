/** The colours that products come in: canonical name → sRGB of a piece in full light. */
export const PALETTE = {
  Black: '#2b2b2f',
  White: '#e9e8e2',
  Grey: '#8f9399',
  Brown: '#7a4a2b',
  Beige: '#d6bf97',
  Red: '#b8242b',
  Blue: '#2a55a5',
  Green: '#3b7d46',
  Yellow: '#e6b925',
  Pink: '#e08fae',
} as const;

export type ColourName = keyof typeof PALETTE;
export const COLOURS = Object.keys(PALETTE) as ColourName[];

/** A paint in full light and all its tones. */
export interface Ink {
  /** The paint itself, `#rrggbb`. */
  base: string;
  /** Towards white for positive amounts, towards black for negative ones; −1..1. */
  tone(amount: number): string;
}

export function ink(base: string): Ink {
  return { base, tone: (amount) => mix(base, amount < 0 ? '#000000' : '#ffffff', Math.abs(amount)) };
}

/** Materials that keep their colour whatever the product's colour is. */
export const WOODS = ['#8a5a34', '#b98a58', '#5d3a22', '#c9a577', '#6f4a30'].map(ink);
export const METALS = ['#3a3b3f', '#b9bdc2', '#8b8e93', '#c2a260'].map(ink);

/** `share` of `to` in `from`; both `#rrggbb`. */
export function mix(from: string, to: string, share: number): string {
  const a = channels(from);
  const b = channels(to);
  const mixed = a.map((value, i) => Math.round(value + (b[i]! - value) * Math.min(1, Math.max(0, share))));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
