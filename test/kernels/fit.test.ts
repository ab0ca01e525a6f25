import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decode } from '#src/kernels/decode.js';
import { contentOf, FILTERS, FITS, fitPhoto, place } from '#src/kernels/fit.js';
import { pixelKernels, type Size } from '#src/kernels/resize.js';
import { absent, SAMPLE } from '../shared.js';

const kernels = pixelKernels();
const side = fc.integer({ min: 1, max: 40 });
const size = fc.record({ width: side, height: side });

/** Lays a photo of these levels into the kernels' room. */
function load({ width, height }: Size, level: (x: number, y: number, channel: number) => number): void {
  const room = kernels.room(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 4; channel++) {
        room[4 * (y * width + x) + channel] = channel === 3 ? 7 : level(x, y, channel);
      }
    }
  }
}

/** What share of each source pixel goes into each target pixel of an axis, in float64. */
function weights(source: number, target: number): number[][] {
  return Array.from({ length: target }, (_, at) => {
    if (source > target) {
      const [from, to] = [(at * source) / target, ((at + 1) * source) / target];
      const covered = (pixel: number) => Math.max(0, Math.min(to, pixel + 1) - Math.max(from, pixel));
      return Array.from({ length: source }, (_, pixel) => (covered(pixel) * target) / source);
    }
    const centre = Math.min(Math.max(((at + 0.5) * source) / target - 0.5, 0), source - 1);
    return Array.from({ length: source }, (_, pixel) => Math.max(0, 1 - Math.abs(centre - pixel)));
  });
}

async function everyFit(bytes: Buffer, decoder: 'turbo' | 'sharp'): Promise<Map<string, Uint8Array>> {
  const photo = await decode(bytes, decoder, kernels);
  const target = { width: 96, height: 80 };
  const fits = FITS.flatMap((fit) => FILTERS.map((filter) => ({ fit, filter })));
  return new Map(
    fits.map((how) => [`${how.fit} ${how.filter}`, fitPhoto(kernels, photo, { ...target, ...how })]),
  );
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}

describe('area', () => {
  it('is the mean of what each pixel covers, of any part of a photo, as float64 gives it', () => {
    const cases = fc.record({
      photo: size,
      target: size,
      seed: fc.nat(),
      share: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(cases, ({ photo, target, seed, share }) => {
        const level = (x: number, y: number, channel: number) =>
          (Math.imul(seed + 31 * x + 977 * y + 7919 * channel, 0x9e3779b1) >>> 24) & 255;
        load(photo, level);
        const [left, top] = [
          Math.floor(share[0]! * (photo.width - 1)),
          Math.floor(share[1]! * (photo.height - 1)),
        ];
        const part = {
          left,
          top,
          width: 1 + Math.floor(share[2]! * (photo.width - left - 1)),
          height: 1 + Math.floor(share[3]! * (photo.height - top - 1)),
        };
        const out = kernels.area(photo, target, part);
        const columns = weights(part.width, target.width);
        const rows = weights(part.height, target.height);
        for (let at = 0; at < out.length; at++) {
          const [channel, x, y] = [
            at % 3,
            Math.floor(at / 3) % target.width,
            Math.floor(at / 3 / target.width),
          ];
          let exact = 0;
          for (const [sy, row] of rows[y]!.entries()) {
            for (const [sx, column] of columns[x]!.entries()) {
              if (row * column > 0) exact += row * column * level(left + sx, top + sy, channel);
            }
          }
          expect(Math.abs(out[at]! - exact)).toBeLessThan(0.51);
        }
      }),
    );
  });

  it('keeps to 0.1 levels for a large photo', () => {
    const photo = { width: 4099, height: 3001 };
    load(photo, (x, y, channel) => (x * 13 + y * 7 + channel * 50) & 255);
    const pixel = kernels.area(photo, { width: 1, height: 1 });
    const sum = [0, 0, 0];
    const room = kernels.room(photo.width, photo.height);
    for (let at = 0; at < room.length; at++) if (at % 4 < 3) sum[at % 4]! += room[at]!;
    for (const [channel, value] of sum.entries()) {
      expect(Math.abs(pixel[channel]! - value / (photo.width * photo.height))).toBeLessThan(0.6);
    }
  });
});

describe('bilinear of a part', () => {
  it('is that of a photo that is the part alone', () => {
    fc.assert(
      fc.property(size, size, fc.nat(39), fc.nat(39), (photo, target, x, y) => {
        const level = (x: number, y: number, channel: number) => (x * 37 + y * 101 + channel * 61) & 255;
        const part = { left: x % photo.width, top: y % photo.height, width: 1, height: 1 };
        part.width = photo.width - part.left;
        part.height = photo.height - part.top;
        load(photo, level);
        const out = kernels.bilinear(photo, target, part);
        load(part, (x, y, channel) => level(part.left + x, part.top + y, channel));
        expect(out).toEqual(kernels.bilinear(part, target));
      }),
    );
  });
});

describe('fits', () => {
  it('places inside both, in the middle, in the right shape', () => {
    fc.assert(
      fc.property(size, size, (photo, target) => {
        for (const fit of ['stretch', 'letterbox', 'cover'] as const) {
          const { from, to } = place(fit, photo, target);
          for (const [part, whole] of [
            [from, photo],
            [to, target],
          ] as const) {
            for (const [start, length, all] of [
              [part.left, part.width, whole.width],
              [part.top, part.height, whole.height],
            ] as const) {
              expect(length).toBeGreaterThanOrEqual(1);
              expect(start).toBe(Math.floor((all - length) / 2));
            }
          }
          if (fit !== 'letterbox') expect(to).toEqual({ left: 0, top: 0, ...target });
          if (fit !== 'cover') expect(from).toEqual({ left: 0, top: 0, ...photo });
          if (fit === 'stretch') continue;
          // One side fills its frame, the other is within half a pixel of the shape.
          const [part, frame, shape] = fit === 'letterbox' ? [to, target, photo] : [from, photo, target];
          expect(part.width === frame.width || part.height === frame.height).toBe(true);
          const scale = Math.min(frame.width / shape.width, frame.height / shape.height);
          for (const key of ['width', 'height'] as const) {
            expect(Math.abs(part[key] - Math.max(1, shape[key] * scale))).toBeLessThanOrEqual(0.5 + 1e-9);
          }
        }
      }),
    );
  });

  it('finds what is left without the white border, whatever it is', () => {
    const mark = fc.record({
      x: fc.nat(39),
      y: fc.nat(39),
      side: fc.integer({ min: 1, max: 12 }),
      level: fc.nat(255),
    });
    fc.assert(
      fc.property(size, fc.array(mark, { maxLength: 4 }), (photo, marks) => {
        const level = (x: number, y: number, channel: number) =>
          marks.reduce((found, mark) => {
            const inside = x >= mark.x && y >= mark.y && x < mark.x + mark.side && y < mark.y + mark.side;
            return inside && channel !== 2 ? mark.level : found;
          }, 255);
        load(photo, level);
        const seen: { x: number; y: number }[] = [];
        for (let top = 0; top < photo.height; top += 8) {
          for (let left = 0; left < photo.width; left += 8) {
            const cell: { x: number; y: number; luma: number }[] = [];
            for (let y = top; y < Math.min(top + 8, photo.height); y++) {
              for (let x = left; x < Math.min(left + 8, photo.width); x++) {
                const [r, g, b] = [level(x, y, 0), level(x, y, 1), level(x, y, 2)];
                cell.push({ x, y, luma: 299 * r + 587 * g + 114 * b });
              }
            }
            const mean = cell.reduce((sum, { luma }) => sum + luma, 0) / cell.length;
            if (mean < 245_000) seen.push(...cell);
          }
        }
        const [xs, ys] = [seen.map(({ x }) => x), seen.map(({ y }) => y)];
        const [left, top] = [Math.min(...xs), Math.min(...ys)];
        expect(contentOf(kernels.room(photo.width, photo.height), photo)).toEqual(
          seen.length === 0
            ? { left: 0, top: 0, ...photo }
            : { left, top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 },
        );
      }),
    );
  });

  it('letterboxes on white, covers without a border and trims to the content', () => {
    // A red and a blue half in a border of white.
    const photo = { width: 48, height: 32 };
    load(photo, (x, y, channel) => {
      if (x < 8 || x >= 40 || y < 8 || y >= 24) return 255;
      return (x < 24 ? channel === 0 : channel === 2) ? 200 : 0;
    });
    const rows = (fit: (typeof FITS)[number], filter: (typeof FILTERS)[number]) => {
      const pixels = fitPhoto(kernels, photo, { width: 4, height: 4, fit, filter });
      return Array.from({ length: 4 }, (_, y) =>
        Array.from({ length: 4 }, (_, x) => [...pixels.subarray(12 * y + 3 * x, 12 * y + 3 * x + 3)].join()),
      );
    };
    const [red, blue, white] = ['200,0,0', '0,0,200', '255,255,255'];
    for (const filter of FILTERS) {
      expect(rows('trim', filter)).toEqual(Array(4).fill([red, red, blue, blue]));
      const boxed = rows('letterbox', filter);
      expect(boxed[3]).toEqual(Array(4).fill(white));
      expect(boxed[1]![1]).not.toBe(white);
      expect(rows('cover', filter)[1]).toEqual([red, red, blue, blue]);
    }
  });

  const photos = join(SAMPLE, 'images/small');
  it.skipIf(absent(photos))(
    'gives the same pixels with both decoders, within a level on average',
    async () => {
      const names = (await readdir(photos, { recursive: true }))
        .filter((name) => name.endsWith('.jpg'))
        .sort();
      const differences = new Map<string, number[]>();
      for (let at = 0; at < names.length; at += Math.ceil(names.length / 300)) {
        const bytes = await readFile(join(photos, names[at]!));
        const turbo = await everyFit(bytes, 'turbo');
        const other = await everyFit(bytes, 'sharp');
        for (const [name, pixels] of turbo) {
          const found = differences.get(name) ?? [];
          differences.set(name, [...found, meanDifference(pixels, other.get(name)!)]);
        }
      }
      expect(differences.size).toBe(8);
      for (const [name, found] of differences) {
        expect(found.reduce((sum, value) => sum + value, 0) / found.length, name).toBeLessThan(1);
      }
    },
  );

  it('gives the same pixels with both decoders for every kind of file', async () => {
    // Smooth in a white border: in one flat colour a rounding would be the same in every pixel.
    const [width, height] = [150, 90];
    const data = Buffer.alloc(width * height * 3);
    for (let at = 0; at < data.length; at++) {
      const pixel = Math.floor(at / 3);
      data[at] = [pixel % width, Math.floor(pixel / width), 128][at % 3]!;
    }
    const border = { top: 36, bottom: 27, left: 48, right: 60, background: '#ffffff' };
    const picture = () => sharp(data, { raw: { width, height, channels: 3 } }).extend(border);
    const files = [
      await picture().jpeg({ quality: 92 }).toBuffer(),
      await picture().jpeg({ quality: 92, progressive: true }).toBuffer(),
      await picture().png().toBuffer(),
    ];
    const content = async (bytes: Buffer, decoder: 'turbo' | 'sharp') => {
      const photo = await decode(bytes, decoder, kernels);
      return contentOf(kernels.room(photo.width, photo.height), photo);
    };
    for (const bytes of files) {
      expect(await content(bytes, 'turbo')).toEqual({ left: 48, top: 32, width: 152, height: 96 });
      expect(await content(bytes, 'sharp')).toEqual({ left: 48, top: 32, width: 152, height: 96 });
      const other = await everyFit(bytes, 'sharp');
      for (const [name, pixels] of await everyFit(bytes, 'turbo')) {
        // A gradient alone, without the white around it, is where turbo's faster DCT shows most.
        expect(meanDifference(pixels, other.get(name)!), name).toBeLessThan(
          name.startsWith('trim') ? 1.2 : 1,
        );
      }
    }
  });
});
