import type { Draws } from '../draws.js';
import type { Ink } from '../palette.js';

/** What a product is drawn with: its colour, and the material of legs, handles and frames. */
export interface Paints {
  colour: Ink;
  material: Ink;
}

/**
 * Draws a product as SVG elements about (0, 0), inside −90..90 in both directions; all variation comes from the
 * product's own draws, so that another photo of it shows the same thing.
 */
export type Drawing = (draws: Draws, paints: Paints) => string;

const fixed = (value: number) => String(Math.round(value * 10) / 10);

export function rect(x: number, y: number, width: number, height: number, fill: string, radius = 0): string {
  const round = radius > 0 ? ` rx="${fixed(radius)}"` : '';
  return `<rect x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}" fill="${fill}"${round}/>`;
}

export function ellipse(x: number, y: number, rx: number, ry: number, fill: string): string {
  return `<ellipse cx="${fixed(x)}" cy="${fixed(y)}" rx="${fixed(rx)}" ry="${fixed(ry)}" fill="${fill}"/>`;
}

export function polygon(points: readonly (readonly [number, number])[], fill: string): string {
  const text = points.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join(' ');
  return `<polygon points="${text}" fill="${fill}"/>`;
}

export function line(points: readonly (readonly [number, number])[], stroke: string, width: number): string {
  const text = points.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join(' ');
  return `<polyline points="${text}" fill="none" stroke="${stroke}" stroke-width="${fixed(width)}" stroke-linecap="round" stroke-linejoin="round"/>`;
}

/** A path whose numbers are rounded; `d` holds commands and numbers. */
export function path(d: readonly (string | number)[], fill: string): string {
  const text = d.map((part) => (typeof part === 'number' ? fixed(part) : part)).join(' ');
  return `<path d="${text}" fill="${fill}"/>`;
}
