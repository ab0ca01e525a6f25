import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Decoder, decode } from '#src/kernels/decode.js';
import { readJpegHeader } from '#src/kernels/jpeg-header.js';
import { pixelKernels } from '#src/kernels/resize.js';

const kernels = pixelKernels();
const DECODERS: readonly Decoder[] = ['turbo', 'sharp'];
const [WIDTH, HEIGHT] = [64, 40];

interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

async function pixelsOf(bytes: Buffer, decoder: Decoder): Promise<Picture> {
  const size = await decode(bytes, decoder, kernels);
  return { ...size, rgb: kernels.bilinear(size, size) };
}

/** Smooth, so that lossy codecs stay near it, and no corner like another. */
const levels = (x: number, y: number) => [60 + 2 * x, 80 + 3 * y, 150 - x];
const upright = paint(WIDTH, HEIGHT, levels);

function paint(width: number, height: number, level: (x: number, y: number) => readonly number[]): Picture {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return level(pixel % width, Math.floor(pixel / width))[at % 3]!;
  });
  return { width, height, rgb };
}

function draw({ width, height, rgb }: Picture) {
  return sharp(Buffer.from(rgb), { raw: { width, height, channels: 3 } });
}

function expectNear(found: Picture, wanted: Picture, within: number): void {
  expect([found.width, found.height]).toEqual([wanted.width, wanted.height]);
  const sum = found.rgb.reduce((sum, value, at) => sum + Math.abs(value - wanted.rgb[at]!), 0);
  expect(sum / wanted.rgb.length).toBeLessThan(within);
}

/** How EXIF has the stored rows and columns: which pixel of the upright picture lies at (x, y). */
const STORED: Record<number, { turned: boolean; at: (x: number, y: number) => [number, number] }> = {
  1: { turned: false, at: (x, y) => [x, y] },
  2: { turned: false, at: (x, y) => [WIDTH - 1 - x, y] },
  3: { turned: false, at: (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y] },
  4: { turned: false, at: (x, y) => [x, HEIGHT - 1 - y] },
  5: { turned: true, at: (x, y) => [y, x] },
  6: { turned: true, at: (x, y) => [WIDTH - 1 - y, x] },
  7: { turned: true, at: (x, y) => [WIDTH - 1 - y, HEIGHT - 1 - x] },
  8: { turned: true, at: (x, y) => [y, HEIGHT - 1 - x] },
};

function stored(orientation: number) {
  const { turned, at } = STORED[orientation]!;
  const [width, height] = turned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
  return draw(paint(width, height, (x, y) => levels(...at(x, y)))).withMetadata({ orientation });
}

/** A JPEG's marker segments before its scan, and the rest. */
function segmentsOf(jpeg: Buffer): { segments: Buffer[]; rest: Buffer } {
  const segments: Buffer[] = [];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    segments.push(jpeg.subarray(at, end));
    at = end;
  }
  return { segments, rest: jpeg.subarray(at) };
}

function assemble(segments: Buffer[], rest: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...segments, rest]);
}

/** Moves the application segments of a kind behind the frame header, where they may stand too. */
function behindFrame(jpeg: Buffer, marker: number): Buffer {
  const { segments, rest } = segmentsOf(jpeg);
  const moved = segments.filter((segment) => segment[1] === marker);
  expect(moved.length).toBeGreaterThan(0);
  return assemble([...segments.filter((segment) => segment[1] !== marker), ...moved], rest);
}

/** Says in Adobe's segment that the components are RGB as they are, whatever they are. */
function asRgb(jpeg: Buffer): Buffer {
  const { segments, rest } = segmentsOf(jpeg);
  const adobe = Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0]);
  // A JFIF segment would say YCbCr.
  return assemble([adobe, ...segments.filter((segment) => segment[1] !== 0xe0)], rest);
}

describe.each(DECODERS)('%s', (decoder) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('sets EXIF orientation %i upright', async (orientation) => {
    const jpeg = stored(orientation).jpeg({ quality: 95, chromaSubsampling: '4:4:4' });
    expectNear(await pixelsOf(await jpeg.toBuffer(), decoder), upright, 1.5);
    const png = await stored(orientation).png().toBuffer();
    expect(await pixelsOf(png, decoder)).toEqual(upright);
    const webp = await stored(orientation).webp({ lossless: true }).toBuffer();
    expectNear(await pixelsOf(webp, decoder), upright, 0.01);
  });

  it('sees an orientation that stands behind the frame header', async () => {
    const jpeg = await stored(6).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
    const late = behindFrame(jpeg, 0xe1);
    expect(readJpegHeader(late)).toMatchObject({ oriented: true, width: HEIGHT, height: WIDTH });
    expectNear(await pixelsOf(late, decoder), upright, 1.5);
  });

  it('gives grey files equal channels', async () => {
    const grey = paint(WIDTH, HEIGHT, (x, y) => Array(3).fill(40 + 2 * x + y));
    const one = draw(grey).toColourspace('b-w');
    const deep = draw(grey).toColourspace('grey16');
    const files = {
      jpeg: await one.clone().jpeg({ quality: 98 }).toBuffer(),
      progressive: await one.clone().jpeg({ quality: 98, progressive: true }).toBuffer(),
      png: await one.clone().png().toBuffer(),
      deep: await deep.png().toBuffer(),
      palette: await one.clone().png({ palette: true, colours: 256, dither: 0 }).toBuffer(),
    };
    expect(await sharp(files.jpeg).metadata()).toMatchObject({ space: 'b-w', channels: 1 });
    expect(await sharp(files.deep).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
    for (const bytes of Object.values(files)) {
      const found = await pixelsOf(bytes, decoder);
      expectNear(found, grey, 1.5);
      for (let at = 0; at < found.rgb.length; at += 3) {
        expect([found.rgb[at + 1], found.rgb[at + 2]]).toEqual([found.rgb[at], found.rgb[at]]);
      }
    }
  });

  it('converts 16-bit colour', async () => {
    const deep = await draw(upright).toColourspace('rgb16').png().toBuffer();
    expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort', channels: 3 });
    expectNear(await pixelsOf(deep, decoder), upright, 0.6);
  });

  it('converts CMYK', async () => {
    const cmyk = await draw(upright).toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer();
    expect(await sharp(cmyk).metadata()).toMatchObject({ space: 'cmyk', channels: 4 });
    expectNear(await pixelsOf(cmyk, decoder), upright, 6);
  });

  it('takes a JPEG of RGB components as it is', async () => {
    const jpeg = await draw(upright).jpeg({ quality: 98, chromaSubsampling: '4:4:4' }).toBuffer();
    const components = paint(WIDTH, HEIGHT, (x, y) => {
      const [r, g, b] = levels(x, y) as [number, number, number];
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      return [luma, 128 + (b - luma) / 1.772, 128 + (r - luma) / 1.402].map(Math.round);
    });
    const rgb = asRgb(jpeg);
    expectNear(await pixelsOf(rgb, decoder), components, 1.5);
    expectNear(await pixelsOf(behindFrame(rgb, 0xee), decoder), components, 1.5);
  });

  it.each(['png', 'webp'] as const)('lays alpha over white: %s', async (format) => {
    const alpha = (x: number, y: number) => Math.min(255, 4 * x + y);
    const data = Buffer.alloc(WIDTH * HEIGHT * 4);
    for (let at = 0; at < WIDTH * HEIGHT; at++) {
      const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
      data.set([...levels(x, y), alpha(x, y)], 4 * at);
    }
    const see = sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } });
    const bytes = await (format === 'png' ? see.png() : see.webp({ lossless: true, exact: true })).toBuffer();
    const over = paint(WIDTH, HEIGHT, (x, y) =>
      levels(x, y).map((level) => Math.round(255 + ((level - 255) * alpha(x, y)) / 255)),
    );
    expectNear(await pixelsOf(bytes, decoder), over, 0.6);
  });

  it('lays grey with alpha over white', async () => {
    const data = Buffer.alloc(WIDTH * HEIGHT * 2);
    for (let at = 0; at < WIDTH * HEIGHT; at++) data.set([at % WIDTH, 128], 2 * at);
    const bytes = await sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ channels: 2 });
    const over = paint(WIDTH, HEIGHT, (x) => Array(3).fill(255 + ((x - 255) * 128) / 255));
    expectNear(await pixelsOf(bytes, decoder), over, 0.6);
  });

  it.each(['jpeg', 'png', 'webp'] as const)('converts by an embedded ICC profile: %s', async (format) => {
    const wide = draw(upright).withIccProfile('p3');
    const bytes = await {
      jpeg: () => wide.jpeg({ quality: 98, chromaSubsampling: '4:4:4' }),
      png: () => wide.png(),
      webp: () => wide.webp({ lossless: true }),
    }
      [format]()
      .toBuffer();
    const { icc } = await sharp(bytes).metadata();
    expect(icc).toBeDefined();
    // The numbers in the file are not those of sRGB: without the profile they would be far off.
    const { data, info } = await sharp(bytes, { ignoreIcc: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(() => expectNear({ ...info, rgb: new Uint8Array(data) }, upright, 2)).toThrow();
    expectNear(await pixelsOf(bytes, decoder), upright, 1.5);
  });
});
