import type { Size } from '../kernels/resize.js';

/** A rectangle in shares of a picture's width and height, 0..1. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A rectangle of whole pixels. */
export interface PixelBox extends Size {
  left: number;
  top: number;
}

/** A rectangle of these sides anywhere inside the picture, by two draws in [0, 1). */
export function placeBox(size: Size, drawLeft: number, drawTop: number): Box {
  return { left: (1 - size.width) * drawLeft, top: (1 - size.height) * drawTop, ...size };
}

/** The pixels of a picture whose places (column, row) lie in the box, as Keras's RandomErasing and CutMix count them. */
export function pixelsOf(box: Box, { width, height }: Size): PixelBox {
  // Shares that should add up to 1 may do so only nearly.
  const end = (share: number, length: number) => Math.min(length, Math.ceil(share * length));
  const [left, top] = [Math.ceil(box.left * width), Math.ceil(box.top * height)];
  return {
    left,
    top,
    width: Math.max(0, end(box.left + box.width, width) - left),
    height: Math.max(0, end(box.top + box.height, height) - top),
  };
}
