import { createRequire } from 'node:module';
import type { Size } from './resize.js';

/** How a cache keeps photos: `raw` as pixels, `jpeg` encoded again at their target's size. */
export const STORAGES = ['raw', 'jpeg'] as const;
export type Storage = (typeof STORAGES)[number];

type Turbo = typeof import('@julusian/jpeg-turbo');

const QUALITY = 92;
/** Raised whenever stored photos change: part of the identity of a cache that stores JPEGs. */
export const JPEG_VERSION = `jpeg-turbo-2.3-q${QUALITY}-444`;

/** Loads libjpeg-turbo where it is needed: a thread that reads raw pixels does without. */
const loadTurbo = () => createRequire(import.meta.url)('@julusian/jpeg-turbo') as Turbo;

/**
 * Encodes height × width × 3 RGB bytes at the quality 92, chroma at full resolution (4:4:4): small photos lose colour
 * edges by the usual 4:2:0.
 * @returns the JPEG in memory of its own.
 */
export function jpegEncoder({ width, height }: Size): (pixels: Uint8Array) => Uint8Array {
  const turbo = loadTurbo();
  const options = { width, height, format: turbo.FORMAT_RGB, subsampling: turbo.SAMP_444, quality: QUALITY };
  const room = Buffer.alloc(turbo.bufferSize({ width, height, subsampling: turbo.SAMP_444 }));
  return (pixels) => {
    const raw = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length);
    return new Uint8Array(turbo.compressSync(raw, room, options));
  };
}

/**
 * Decodes such a JPEG into the first height × width × 3 bytes of `target`, which may be shared memory.
 * @throws {Error} where it is damaged or has another size.
 */
export function jpegDecoder({ width, height }: Size): (jpeg: Uint8Array, target: Uint8Array) => void {
  const turbo = loadTurbo();
  const options = { format: turbo.FORMAT_RGB };
  return (jpeg, target) => {
    const room = Buffer.from(target.buffer as ArrayBuffer, target.byteOffset, width * height * 3);
    const found = turbo.decompressSync(Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length), room, options);
    if (found.width === width && found.height === height) return;
    throw new Error(`Expected ${width} × ${height} pixels but received ${found.width} × ${found.height}`);
  };
}
