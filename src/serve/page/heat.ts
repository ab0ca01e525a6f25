import type { Explanation } from '#src/serve/schemas.js';

/** Warm where the label's evidence is; clear where there is none, so that the photo shows through. */
const STOPS: readonly (readonly [number, number, number, number])[] = [
  [255, 220, 80, 0],
  [255, 190, 40, 120],
  [250, 110, 20, 175],
  [215, 20, 45, 205],
];

/** Draws a heat map into a canvas, a pixel a value: whoever shows it stretches it smoothly. */
export function drawHeat(canvas: HTMLCanvasElement, { height, width, heat }: Explanation): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (const [index, value] of heat.entries()) image.data.set(colourOf(value), 4 * index);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}

function colourOf(value: number): number[] {
  const place = value * (STOPS.length - 1);
  const below = Math.min(Math.floor(place), STOPS.length - 2);
  const share = place - below;
  return STOPS[below]!.map((from, channel) => from + share * (STOPS[below + 1]![channel]! - from));
}
