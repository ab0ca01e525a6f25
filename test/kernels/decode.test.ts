import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decode } from '#src/kernels/decode.js';
import { pixelKernels } from '#src/kernels/resize.js';
import { absent, SHARED } from '../shared.js';

const kernels = pixelKernels();

async function pixelsOf(bytes: Buffer, decoder: 'turbo' | 'sharp' = 'turbo') {
  const size = await decode(bytes, decoder, kernels);
  return { ...size, rgb: kernels.bilinear(size, size) };
}

/** A smooth picture, so that lossy codecs stay near it. */
function picture(width: number, height: number) {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([(255 * x) / width, (255 * y) / height, 128], 3 * (y * width + x));
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0) / a.length;
}

describe('decode', () => {
  it('both decoders agree within a level on average, for every kind of file', async () => {
    const files = {
      baseline: await picture(60, 40).jpeg({ quality: 92 }).toBuffer(),
      progressive: await picture(60, 40).jpeg({ quality: 92, progressive: true }).toBuffer(),
      grey: await picture(60, 40).greyscale().jpeg({ quality: 92 }).toBuffer(),
      png: await picture(60, 40).png().toBuffer(),
      webp: await picture(60, 40).webp({ quality: 95 }).toBuffer(),
    };
    for (const bytes of Object.values(files)) {
      const turbo = await pixelsOf(bytes);
      expect(turbo).toMatchObject({ width: 60, height: 40 });
      expect(meanDifference(turbo.rgb, (await pixelsOf(bytes, 'sharp')).rgb)).toBeLessThan(1);
    }
  });

  it('turns by EXIF, lays alpha over white and converts CMYK', async () => {
    const turned = await picture(60, 40).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect(await pixelsOf(turned)).toMatchObject({ width: 40, height: 60 });
    const clear = await sharp({ create: { width: 4, height: 4, channels: 4, background: '#ff000000' } })
      .png()
      .toBuffer();
    expect([...(await pixelsOf(clear)).rgb.subarray(0, 3)]).toEqual([255, 255, 255]);
    const cmyk = await picture(60, 40).toColourspace('cmyk').jpeg().toBuffer();
    expect(await pixelsOf(cmyk)).toMatchObject({ width: 60, height: 40 });
  });

  it('refuses what is cut, empty, no image, or a bomb, each by its code', async () => {
    const jpeg = await picture(60, 40).jpeg().toBuffer();
    const png = await picture(60, 40).png().toBuffer();
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(30_000, 16);
    bomb.writeUInt32BE(30_000, 20);
    const cases: [Buffer, string][] = [
      [Buffer.alloc(0), 'IMAGE_EMPTY'],
      [Buffer.from('<html>not a photo</html>'), 'IMAGE_NOT_AN_IMAGE'],
      [
        Buffer.from(
          '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
        ),
        'IMAGE_NOT_AN_IMAGE',
      ],
      [jpeg.subarray(0, jpeg.length - 20), 'IMAGE_DAMAGED'],
      [jpeg.subarray(0, jpeg.length >> 1), 'IMAGE_DAMAGED'],
      [png.subarray(0, png.length - 40), 'IMAGE_DAMAGED'],
    ];
    for (const [bytes, code] of cases) {
      for (const decoder of ['turbo', 'sharp'] as const) {
        await expect(decode(bytes, decoder, kernels)).rejects.toMatchObject({ code });
      }
    }
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    await expect(decode(bomb, 'turbo', kernels)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it('never crashes on damaged bytes', async () => {
    const jpeg = await picture(33, 21).jpeg().toBuffer();
    await fc.assert(
      fc.asyncProperty(fc.nat(jpeg.length - 1), fc.nat(255), async (at, value) => {
        const damaged = Buffer.from(jpeg);
        damaged[at] = value;
        await decode(damaged, 'turbo', kernels).catch((error) => expect(error.code).toMatch(/^IMAGE_/));
      }),
      { numRuns: 200 },
    );
  });
});

describe('bilinear', () => {
  it('is exact for a constant, keeps a photo of the same size, and stays in range for any size', () => {
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(side, side, side, side, fc.nat(255), (sw, sh, width, height, level) => {
        kernels.room(sw, sh).fill(level);
        const out = kernels.bilinear({ width: sw, height: sh }, { width, height });
        expect(out.length).toBe(width * height * 3);
        expect(out.every((value) => value === level)).toBe(true);
      }),
    );
  });

  it('gives the very pixels that its version stands for, at any size', () => {
    // Caches name the version: arithmetic that moves one byte needs another.
    const level = (from: number, to: number, share: number) => from + (((to - from) * share + 16_384) >> 15);
    const axis = (at: number, source: number, target: number) => {
      const centre = Math.fround(Math.fround(Math.fround(at + 0.5) * Math.fround(source / target)) - 0.5);
      const floor = Math.floor(centre);
      const share = Math.min(Math.round(Math.fround(centre - floor) * 32_768), 32_767);
      return { first: Math.max(floor, 0), last: Math.min(floor + 1, source - 1), share };
    };
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(side, side, side, side, fc.nat(1000), (sw, sh, width, height, seed) => {
        const photo = kernels.room(sw, sh).map((_, at) => Math.imul(at + seed, 0x9e3779b1) >>> 24);
        kernels.room(sw, sh).set(photo);
        const out = kernels.bilinear({ width: sw, height: sh }, { width, height });
        const expected = out.map((_, at) => {
          const x = axis(Math.floor(at / 3) % width, sw, width);
          const y = axis(Math.floor(at / 3 / width), sh, height);
          const [above, below] = [y.first, y.last].map((row) => {
            const [left, right] = [x.first, x.last].map(
              (column) => photo[4 * (row * sw + column) + (at % 3)]!,
            );
            return level(128 * left!, 128 * right!, x.share);
          });
          return (level(above!, below!, y.share) + 64) >> 7;
        });
        expect(out).toEqual(expected);
      }),
    );
  });

  const goldens = join(SHARED, 'goldens');
  it.skipIf(absent(goldens))('is within a level of tf.image.resize', async () => {
    for (const photo of [0, 1, 2, 3]) {
      const raw = sharp(join(goldens, `photos/${photo}.png`))
        .removeAlpha()
        .ensureAlpha()
        .raw();
      const { data, info } = await raw.toBuffer({ resolveWithObject: true });
      data.copy(kernels.room(info.width, info.height));
      const out = kernels.bilinear(info, { width: 224, height: 224 });
      const golden = await sharp(join(goldens, `resize/${photo}-224.png`))
        .removeAlpha()
        .raw()
        .toBuffer();
      const worst = golden.reduce((most, value, index) => Math.max(most, Math.abs(value - out[index]!)), 0);
      expect(worst).toBeLessThanOrEqual(1);
    }
  });
});
