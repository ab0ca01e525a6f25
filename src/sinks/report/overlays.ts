import sharp from 'sharp';
import type { EventBus } from '../../events.js';
import type { SeenClass } from '../../results.js';
import { telling } from '../../telling.js';
import type { ReportExplained } from './data.js';
import { dataUri } from './photos.js';

/** Longest side in pixels, and quality. */
const EDGE = 160;
const QUALITY = 75;
/** How much of the photo is left where the heat is greatest. */
const LEFT = 0.4;

/** By explained photo: `data:` addresses of the photo, and of it under the heat of each class that was looked for. */
export type Overlays = ReadonlyMap<ReportExplained, readonly string[]>;

/** Draws photos' heat maps over them; photos whose pixels are not at hand are absent. */
export async function overlaysOf(
  explained: readonly ReportExplained[],
  events?: EventBus,
): Promise<Overlays> {
  const tell = telling(events, { stage: 'report', unit: 'heat maps', total: explained.length });
  const made = new Map<ReportExplained, readonly string[]>();
  for (const [done, photo] of explained.entries()) {
    tell(done);
    const { pixels, seen } = photo;
    if (pixels === undefined) continue;
    const { height, width, values } = pixels;
    const pictures = [values, ...seen.map((one) => heated(values, { height, width }, one))];
    const jpegs = pictures.map((picture) =>
      sharp(picture, { raw: { height, width, channels: 3 } })
        .resize(EDGE, EDGE, { fit: 'inside' })
        .jpeg({ quality: QUALITY })
        .toBuffer(),
    );
    made.set(photo, (await Promise.all(jpegs)).map(dataUri));
  }
  tell(explained.length);
  return made;
}

/** A photo in grey that takes colour from the heat: from yellow to red, the warmer the stronger. */
function heated(
  pixels: Uint8Array,
  { height, width }: { height: number; width: number },
  map: SeenClass,
): Uint8Array {
  const heat = Buffer.from(map.heat, 'base64');
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const h = bilinear(heat, map, (y + 0.5) / height, (x + 0.5) / width) / 255;
      const grey = 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
      const colour = [255, 210 - 190 * h, 40];
      const over = (1 - LEFT) * h;
      for (let k = 0; k < 3; k++) result[at + k] = Math.round((1 - over) * grey + over * colour[k]!);
    }
  }
  return result;
}

/** @param y, x in 0..1 over the whole map. */
function bilinear(values: Uint8Array, { height, width }: SeenClass, y: number, x: number): number {
  const clamp = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  const [top, left] = [clamp(y * height - 0.5, height), clamp(x * width - 0.5, width)];
  const [row, column] = [Math.floor(top), Math.floor(left)];
  const [below, right] = [Math.min(row + 1, height - 1), Math.min(column + 1, width - 1)];
  const [dy, dx] = [top - row, left - column];
  const value = (r: number, c: number) => values[r * width + c]!;
  const upper = (1 - dx) * value(row, column) + dx * value(row, right);
  const lower = (1 - dx) * value(below, column) + dx * value(below, right);
  return (1 - dy) * upper + dy * lower;
}
