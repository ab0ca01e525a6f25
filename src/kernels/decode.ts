import { createRequire } from 'node:module';
import { type ErrorCode, PipelineError } from '../errors.js';
import { readJpegHeader } from './jpeg-header.js';
import type { PixelKernels, Size } from './resize.js';

/** CommonJS without named exports that Node could see. */
const turbo = createRequire(import.meta.url)('@julusian/jpeg-turbo') as typeof import('@julusian/jpeg-turbo');

export type Decoder = 'turbo' | 'sharp';

/** Raised whenever a decoder's pixels change: part of a cache's identity. */
export const DECODER_VERSIONS: Record<Decoder, string> = {
  turbo: 'jpeg-turbo-2.3+sharp-0.35',
  sharp: 'sharp-0.35',
};

/** More pixels than any catalogue photo: a file that claims more is a bomb. */
export const MAX_PIXELS = 64 * 2 ** 20;

/** Ledger reasons of what can be wrong with a photo's bytes, by error code. */
export const IMAGE_REASONS: Partial<Record<ErrorCode, string>> = {
  NOT_FOUND: 'file-missing',
  IMAGE_EMPTY: 'image-empty',
  IMAGE_NOT_AN_IMAGE: 'not-an-image',
  IMAGE_DAMAGED: 'image-damaged',
  IMAGE_TOO_LARGE: 'image-too-large',
};

/**
 * Decodes a photo into the kernels' room as RGBX. `turbo` takes baseline and progressive grey or YCbCr JPEGs that stand
 * upright and carry no colour profile; everything else, and everything with `sharp`, goes through sharp: EXIF
 * orientation applied, profiles and CMYK to sRGB, alpha over white.
 * @throws {PipelineError} `IMAGE_EMPTY`, `IMAGE_NOT_AN_IMAGE`, `IMAGE_TOO_LARGE` (judged before decoding) or
 * `IMAGE_DAMAGED`.
 */
export async function decode(bytes: Buffer, decoder: Decoder, kernels: PixelKernels): Promise<Size> {
  if (bytes.length === 0) throw new PipelineError('IMAGE_EMPTY', 'Expected an image but the file is empty');
  const header = readJpegHeader(bytes);
  if (header !== undefined) assertSize(header);
  const simple =
    header?.common && !header.oriented && !header.converted && [1, 3].includes(header.components);
  if (decoder === 'turbo' && header !== undefined && simple) {
    const { width, height } = header;
    try {
      turbo.decompressSync(bytes, kernels.room(width, height), { format: turbo.FORMAT_RGBX });
    } catch (error) {
      throw damaged(error);
    }
    return { width, height };
  }
  return decodeBySharp(bytes, kernels);
}

async function decodeBySharp(bytes: Buffer, kernels: PixelKernels): Promise<Size> {
  // Most threads never need it, and loading it takes as long as decoding hundreds of photos.
  const { default: sharp } = await import('sharp');
  const open = () => sharp(bytes, { failOn: 'warning', limitInputPixels: MAX_PIXELS, sequentialRead: true });
  let size: { width?: number; height?: number; format?: string };
  try {
    // Reads the header alone; with no limit, so that a bomb can be called one.
    size = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    if (startsAsImage(bytes)) throw damaged(error);
    throw new PipelineError('IMAGE_NOT_AN_IMAGE', 'Expected an image but received other bytes', {
      cause: error,
    });
  }
  // It has no pixels, and may name other files.
  if (size.format === 'svg') {
    throw new PipelineError('IMAGE_NOT_AN_IMAGE', 'Expected a photo but received a drawing (SVG)');
  }
  assertSize({ width: size.width ?? 0, height: size.height ?? 0 });
  try {
    const { data, info } = await open()
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw new Error(`Expected 4 channels but received ${info.channels}`);
    data.copy(kernels.room(info.width, info.height));
    return { width: info.width, height: info.height };
  } catch (error) {
    throw damaged(error);
  }
}

/** First bytes of JPEG, PNG, GIF, WebP and TIFF files: what begins so and cannot be read is damaged. */
const SIGNATURES = [/^\xff\xd8\xff/, /^\x89PNG/, /^GIF8/, /^RIFF....WEBP/s, /^II\*\0/, /^MM\0\*/];

function startsAsImage(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 16);
  return SIGNATURES.some((signature) => signature.test(start));
}

function damaged(cause: unknown): PipelineError {
  return new PipelineError('IMAGE_DAMAGED', 'Expected a whole image but its data is damaged', { cause });
}

function assertSize({ width, height }: Size): void {
  if (width < 1 || height < 1) {
    throw new PipelineError('IMAGE_DAMAGED', `Expected an image but it has ${width} × ${height} pixels`);
  }
  if (width * height <= MAX_PIXELS) return;
  throw new PipelineError(
    'IMAGE_TOO_LARGE',
    `Expected at most ${MAX_PIXELS} pixels but received ${width} × ${height}`,
  );
}
