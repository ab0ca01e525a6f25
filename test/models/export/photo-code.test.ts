import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILTERS, FITS, fitPhoto } from '#src/kernels/fit.js';
import { pixelKernels, type Size } from '#src/kernels/resize.js';
import type { Tf } from '#src/models/backends/backend.js';
import { pythonPhoto, tfjsPhoto } from '#src/models/export/photo-code.js';
import { python, pythonHas } from '../../exported.js';
import { temporaryFolder } from '../../fixtures.js';
import { cpu } from '../tf.js';

const kernels = pixelKernels();
const WAYS = FITS.flatMap((fit) => FILTERS.map((filter) => ({ fit, filter })));

/** A smooth picture, RGB, inside a white border that is wider on the left and at the top. */
function picture({ width, height }: Size, border: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    const inside =
      x >= border && y >= border && x < width - Math.floor(border / 2) && y < height - Math.floor(border / 2);
    return inside ? Math.round(120 + 100 * Math.sin((x + 2 * y) / 15 + (at % 3))) : 255;
  });
}

function fitted(photo: Size, pixels: Uint8Array, target: Parameters<typeof fitPhoto>[2]): Uint8Array {
  const room = kernels.room(photo.width, photo.height);
  for (let at = 0; at < pixels.length; at++) room[4 * Math.floor(at / 3) + (at % 3)] = pixels[at]!;
  return fitPhoto(kernels, photo, target);
}

/** Means of what a filter's example may be away from the pipeline's pixels, in levels. */
const NEAR = { bilinear: 0.51, area: 6 };

function expectNear(found: ArrayLike<number>, expected: Uint8Array, { filter }: (typeof WAYS)[number]): void {
  expect(found.length).toBe(expected.length);
  const differences = Array.from(expected, (level, at) => Math.abs(level - found[at]!));
  const mean = differences.reduce((sum, one) => sum + one, 0) / differences.length;
  expect(mean).toBeLessThan(NEAR[filter]);
  if (filter === 'bilinear') expect(Math.max(...differences)).toBeLessThan(1.01);
}

describe('the example for TensorFlow.js', () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await cpu();
  });

  type Photo = (tf: unknown, image: undefined) => Promise<Tensor>;
  const AsyncFunction = (async () => undefined).constructor as new (...words: string[]) => Photo;

  it.each(WAYS)('gives the pixels of $fit, $filter', async (way) => {
    const side = fc.integer({ min: 30, max: 90 });
    const size = fc.record({ width: side, height: side });
    await fc.assert(
      fc.asyncProperty(size, size, fc.integer({ min: 0, max: 24 }), async (photo, target, border) => {
        const pixels = picture(photo, border);
        const run = new AsyncFunction(
          'tf',
          'image',
          [...tfjsPhoto({ ...target, ...way }), 'return x;'].join('\n'),
        );
        const fromPixels = () => tf.tensor3d(pixels, [photo.height, photo.width, 3], 'int32');
        tf.engine().startScope();
        const x = await run(Object.assign(Object.create(tf), { browser: { fromPixels } }), undefined);
        expect(x.shape).toEqual([1, target.height, target.width, 3]);
        expectNear(x.dataSync(), fitted(photo, pixels, { ...target, ...way }), way);
        tf.engine().endScope();
      }),
      { numRuns: 15 },
    );
  });
});

describe.skipIf(!pythonHas('the example for Python is not run', 'PIL', 'numpy'))(
  'the example for Python',
  () => {
    let folder: { path: string; dispose(): Promise<void> };
    beforeAll(async () => {
      folder = await temporaryFolder('photo-code');
    });
    afterAll(() => folder.dispose());

    it.each([
      [{ width: 90, height: 61 }, { width: 24, height: 31 }, 9],
      [{ width: 50, height: 97 }, { width: 72, height: 41 }, 17],
      [{ width: 40, height: 40 }, { width: 71, height: 64 }, 0],
    ])('gives the pixels of a photo of %o at %o', async (photo, target, border) => {
      const pixels = picture(photo, border);
      // Without loss, so that only the fit is compared.
      await sharp(pixels, { raw: { ...photo, channels: 3 } })
        .png()
        .toFile(join(folder.path, 'photo.jpg'));
      const examples = WAYS.flatMap((way) => [
        ...pythonPhoto({ ...target, ...way }),
        'assert x.dtype == np.float32',
        'found.append([x.shape, x.ravel().tolist()])',
      ]);
      const found = python(
        [
          'import json, os, sys, numpy as np',
          'from PIL import Image, ImageOps',
          'os.chdir(sys.argv[1])',
          'found = []',
          ...examples,
          'print(json.dumps(found))',
        ].join('\n'),
        folder.path,
      ) as [number[], number[]][];
      for (const [index, way] of WAYS.entries()) {
        const [shape, levels] = found[index]!;
        expect(shape).toEqual([1, target.height, target.width, 3]);
        expectNear(levels, fitted(photo, pixels, { ...target, ...way }), way);
      }
    });
  },
);
