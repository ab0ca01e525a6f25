import type { Size } from '../kernels/resize.js';
import type { Augmentation } from './parameters.js';

/**
 * Where a target pixel's colour lies in the source: (a0 x + a1 y + a2, b0 x + b1 y + b2), pixel centres at whole
 * numbers. The first six of the eight numbers of TensorFlow's ImageProjectiveTransformV3.
 */
export type Matrix = readonly [a0: number, a1: number, a2: number, b0: number, b1: number, b2: number];

const IDENTITY: Matrix = [1, 0, 0, 0, 1, 0];

export function isIdentity(matrix: Matrix): boolean {
  return matrix.every((number, index) => number === IDENTITY[index]);
}

/** What `outer` finds where `inner` points to. */
function compose(outer: Matrix, inner: Matrix): Matrix {
  const [a0, a1, a2, b0, b1, b2] = outer;
  const [c0, c1, c2, d0, d1, d2] = inner;
  return [
    a0 * c0 + a1 * d0,
    a0 * c1 + a1 * d1,
    a0 * c2 + a1 * d2 + a2,
    b0 * c0 + b1 * d0,
    b0 * c1 + b1 * d1,
    b0 * c2 + b1 * d2 + b2,
  ];
}

/**
 * One matrix for a view: the photo's crop stretched to the target's size (half-pixel centres, as tf.image.resize), then
 * Keras's rotation, translation, zoom and flip in this order, each with the matrix of its layer. One resampling instead
 * of five: sharper, and reflected at the photo's own border.
 */
export function matrixOf(view: Augmentation, source: Size, target: Size): Matrix {
  const { width, height } = target;
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const { crop, rotation, translation, zoom, flip } = view;
  const [scaleX, scaleY] = [(crop.width * source.width) / width, (crop.height * source.height) / height];
  const stretch: Matrix = [
    scaleX,
    0,
    crop.left * source.width + 0.5 * scaleX - 0.5,
    0,
    scaleY,
    crop.top * source.height + 0.5 * scaleY - 0.5,
  ];
  const cos = Math.cos(2 * Math.PI * rotation);
  const sin = Math.sin(2 * Math.PI * rotation);
  const rotate: Matrix = [
    cos,
    -sin,
    middleX - cos * middleX + sin * middleY,
    sin,
    cos,
    middleY - sin * middleX - cos * middleY,
  ];
  const translate: Matrix = [1, 0, -translation.x * width, 0, 1, -translation.y * height];
  const magnify: Matrix = [zoom, 0, (1 - zoom) * middleX, 0, zoom, (1 - zoom) * middleY];
  const mirror: Matrix = [
    flip.horizontal ? -1 : 1,
    0,
    flip.horizontal ? width - 1 : 0,
    0,
    flip.vertical ? -1 : 1,
    flip.vertical ? height - 1 : 0,
  ];
  return [rotate, translate, magnify, mirror].reduce(compose, stretch);
}
