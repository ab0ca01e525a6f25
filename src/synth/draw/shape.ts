import type { Draws } from '../draws.js';
import type { Tone } from '../palette.js';

/** A drawn thing: SVG elements in a box from (0, 0) to (width, height), in units of its own. */
export interface Shape {
  width: number;
  height: number;
  body: string;
}

/** Draws one product; every proportion comes from the product's draws. */
export type Drawer = (draws: Draws) => Shape;

type Point = readonly [x: number, y: number];

const at = (value: number) => Number(value.toFixed(2));

export function rect(x: number, y: number, width: number, height: number, tone: Tone, round = 0): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="${at(round)}" fill="url(#${tone})"/>`;
}

export function ellipse(x: number, y: number, rx: number, ry: number, tone: Tone): string {
  return `<ellipse cx="${at(x)}" cy="${at(y)}" rx="${at(rx)}" ry="${at(ry)}" fill="url(#${tone})"/>`;
}

export function polygon(points: readonly Point[], tone: Tone): string {
  return `<polygon points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')}" fill="url(#${tone})"/>`;
}

/** A path of commands and numbers, such as `['M', 0, 0, 'L', 1, 1]`. */
export function path(commands: readonly (string | number)[], tone: Tone): string {
  return `<path d="${drawn(commands)}" fill="url(#${tone})"/>`;
}

/** A line along a path: a strap, a handle, a wire. */
export function strap(commands: readonly (string | number)[], tone: Tone, width: number): string {
  return `<path d="${drawn(commands)}" fill="none" stroke="url(#${tone})" stroke-width="${at(width)}" stroke-linecap="round"/>`;
}

function drawn(commands: readonly (string | number)[]): string {
  return commands.map((one) => (typeof one === 'number' ? at(one) : one)).join(' ');
}

/** Repeats a part `count` times. */
export function repeat(count: number, part: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => part(index)).join('');
}
