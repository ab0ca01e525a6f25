import type { Filter, PixelKernels, Rectangle, Size } from './resize.js';

/**
 * How a photo of any shape becomes one of the target's. `stretch`: to both sides, whatever its shape. `letterbox`: all
 * of it in its own shape, in the middle of white. `cover`: the largest part from its middle that has the target's shape.
 * `trim`: what is left without its white border, stretched.
 */
export const FITS = ['stretch', 'letterbox', 'cover', 'trim'] as const;
export type Fit = (typeof FITS)[number];

export const FILTERS = ['bilinear', 'area'] as const satisfies readonly Filter[];

/** Raised whenever a fit other than `stretch` chooses other pixels: part of a cache's identity. */
export const FIT_VERSION = 'fit-1';

/**
 * White is a cell of so many pixels a side (JPEG's blocks) whose mean luma is at least this level. Judged pixel by pixel,
 * ringing and the decoders' ways to upsample chroma would move the border of every third photo.
 */
const CELL = 8;
const WHITE_LUMA = 245;

/** Which part of a photo becomes which part of the target. */
export interface Placement {
  from: Rectangle;
  to: Rectangle;
}

/**
 * Brings the photo in the kernels' room to the target's size.
 * @param into where the result is written; default: memory of its own.
 * @returns height × width × 3 RGB bytes of the target.
 */
export function fitPhoto(
  kernels: PixelKernels,
  photo: Size,
  target: Size & { fit: Fit; filter?: Filter },
  into?: Uint8Array,
): Uint8Array {
  const { width, height, fit, filter = 'bilinear' } = target;
  const { from, to } =
    fit === 'trim'
      ? { from: contentOf(kernels.room(photo.width, photo.height), photo), to: whole(target) }
      : place(fit, photo, target);
  if (to.width === width && to.height === height) return kernels[filter](photo, to, from, into);
  const part = kernels[filter](photo, to, from);
  const pixels = (into ?? new Uint8Array(width * height * 3)).fill(255);
  const bytes = 3 * to.width;
  for (let y = 0; y < to.height; y++) {
    pixels.set(part.subarray(y * bytes, (y + 1) * bytes), 3 * ((to.top + y) * width + to.left));
  }
  return pixels;
}

/**
 * The part of a photo and of the target that a fit pairs: whole pixels, at least one wide and high, in the middle, and
 * where that is between two pixels, half a pixel to the left or above.
 */
export function place(fit: Exclude<Fit, 'trim'>, photo: Size, target: Size): Placement {
  if (fit === 'letterbox') return { from: whole(photo), to: inside(target, photo) };
  if (fit === 'cover') return { from: inside(photo, target), to: whole(target) };
  return { from: whole(photo), to: whole(target) };
}

function whole({ width, height }: Size): Rectangle {
  return { left: 0, top: 0, width, height };
}

/** The largest rectangle of a shape inside a frame. */
function inside(frame: Size, shape: Size): Rectangle {
  const scale = Math.min(frame.width / shape.width, frame.height / shape.height);
  const width = Math.min(frame.width, Math.max(1, Math.round(shape.width * scale)));
  const height = Math.min(frame.height, Math.max(1, Math.round(shape.height * scale)));
  return { left: (frame.width - width) >> 1, top: (frame.height - height) >> 1, width, height };
}

/**
 * The smallest rectangle of whole cells that has every cell of a photo that is not white; the whole photo where all are.
 * Cells are 8 × 8 pixels from the left and the top, white those with a mean luma of 245 or more.
 * @param pixels RGBX.
 */
export function contentOf(pixels: Uint8Array, { width, height }: Size): Rectangle {
  const columns = Math.ceil(width / CELL);
  const rows = Math.ceil(height / CELL);
  const isWhite = (column: number, row: number) => {
    const right = Math.min((column + 1) * CELL, width);
    const bottom = Math.min((row + 1) * CELL, height);
    // In thousandths of a level, so that all are whole numbers.
    let luma = 0;
    for (let y = row * CELL; y < bottom; y++) {
      for (let x = column * CELL, at = 4 * (y * width + x); x < right; x++, at += 4) {
        luma += 299 * pixels[at]! + 587 * pixels[at + 1]! + 114 * pixels[at + 2]!;
      }
    }
    return luma >= 1000 * WHITE_LUMA * (right - column * CELL) * (bottom - row * CELL);
  };
  const isWhiteRow = (row: number) => {
    for (let column = 0; column < columns; column++) if (!isWhite(column, row)) return false;
    return true;
  };
  let top = 0;
  while (top < rows && isWhiteRow(top)) top += 1;
  if (top === rows) return whole({ width, height });
  let bottom = rows - 1;
  while (isWhiteRow(bottom)) bottom -= 1;
  // Only what would widen the rectangle is looked at.
  let left = columns;
  let right = -1;
  for (let row = top; row <= bottom; row++) {
    for (let column = 0; column < left; column++) if (!isWhite(column, row)) left = column;
    for (let column = columns - 1; column > right; column--) if (!isWhite(column, row)) right = column;
  }
  return {
    left: left * CELL,
    top: top * CELL,
    width: Math.min((right + 1) * CELL, width) - left * CELL,
    height: Math.min((bottom + 1) * CELL, height) - top * CELL,
  };
}
