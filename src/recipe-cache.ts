import { z } from 'zod';
import { FILTERS, FITS } from './kernels/fit.js';
import { STORAGES } from './kernels/jpeg-storage.js';

/** Heights and widths that a pixel cache may have. */
export const LEAST_CACHE_SIZE = 8;
export const MOST_CACHE_SIZE = 1024;

/** More than a training has epochs for, each of them as large as the photos. */
const MOST_COPIES = 64;

export const cacheSchema = z
  .strictObject({
    size: z
      .int()
      .min(LEAST_CACHE_SIZE)
      .max(MOST_CACHE_SIZE)
      .default(224)
      .describe('Height and width in pixels.'),
    fit: z
      .enum(FITS)
      .default('stretch')
      .describe('How a photo of any shape becomes a square; trim cuts its white border, then stretches.'),
    // Without a default: recipes without it keep their hashes.
    filter: z
      .enum(FILTERS)
      .optional()
      .describe('How pixels are resampled; default: bilinear. area takes the mean where a photo shrinks.'),
    decoder: z
      .enum(['turbo', 'sharp'])
      .default('turbo')
      .describe('libjpeg-turbo for plain JPEGs, sharp for all else; or sharp for all.'),
    // Without a default, as the filter.
    storage: z
      .enum(STORAGES)
      .optional()
      .describe(
        'How photos are kept; default: raw. jpeg encodes them at their target size, and reading decodes them.',
      ),
    augmentedCopies: z
      .int()
      .min(0)
      .max(MOST_COPIES)
      .optional()
      // Without a default, as the filter, and the default itself is left out too.
      .transform((copies) => (copies === 0 ? undefined : copies))
      .describe(
        'So many augmented views of each training photo are stored, and epochs take turns with them; default: 0, each epoch makes views of its own.',
      ),
  })
  .prefault({})
  .describe('How photos are kept.');
