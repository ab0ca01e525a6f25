import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '#src/kernels/decode.js';
import { type PixelPool, pixelPool } from '#src/kernels/pixel-pool.js';
import { pixelKernels } from '#src/kernels/resize.js';
import { hash32, randomSource } from '#src/random.js';
import { jpeg, temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let pool: PixelPool;
beforeAll(async () => {
  folder = await temporaryFolder('hostile');
  pool = pixelPool({ workers: Math.max(2, availableParallelism()) });
});
afterAll(async () => {
  await pool.close();
  await folder.dispose();
});

const DECODERS = ['turbo', 'sharp'] as const;
const target = (decoder: 'turbo' | 'sharp') => ({ height: 16, width: 16, fit: 'stretch', decoder }) as const;

describe('a header that claims far more pixels than there are', () => {
  /** Writes a size into a JPEG's frame header. */
  function claimJpeg(photo: Buffer, side: number): Buffer {
    const bytes = Buffer.from(photo);
    let at = 2;
    while (![0xc0, 0xc1, 0xc2].includes(bytes[at + 1]!)) at += 2 + bytes.readUInt16BE(at + 2);
    bytes.writeUInt16BE(side, at + 5);
    bytes.writeUInt16BE(side, at + 7);
    return bytes;
  }

  function claimPng(photo: Buffer, side: number): Buffer {
    const bytes = Buffer.from(photo);
    bytes.writeUInt32BE(side, 16);
    bytes.writeUInt32BE(side, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    return bytes;
  }

  /** Of a lossy or a lossless WebP: its greatest size, 16383 × 16383. */
  function claimWebp(photo: Buffer): Buffer {
    const bytes = Buffer.from(photo);
    if (bytes.toString('latin1', 12, 16) === 'VP8L') bytes.writeUInt32LE(16_382 | (16_382 << 14), 21);
    else bytes.fill(Buffer.from([0xff, 0x3f, 0xff, 0x3f]), 26, 30);
    return bytes;
  }

  it('is refused before memory is taken, whatever the format', async () => {
    const photo = sharp(await jpeg(1));
    const bombs = {
      'baseline.jpg': claimJpeg(await photo.clone().jpeg().toBuffer(), 65_535),
      'progressive.jpg': claimJpeg(await photo.clone().jpeg({ progressive: true }).toBuffer(), 65_535),
      'cmyk.jpg': claimJpeg(await photo.clone().toColourspace('cmyk').jpeg().toBuffer(), 65_535),
      'photo.png': claimPng(await photo.clone().png().toBuffer(), 65_535),
      'lossy.webp': claimWebp(await photo.clone().webp().toBuffer()),
      'lossless.webp': claimWebp(await photo.clone().webp({ lossless: true }).toBuffer()),
    };
    const kernels = pixelKernels();
    await decode(await jpeg(2), 'turbo', kernels);
    const before = process.resourceUsage().maxRSS;
    for (const [name, bytes] of Object.entries(bombs)) {
      const file = join(folder.path, name);
      await writeFile(file, bytes);
      for (const decoder of DECODERS) {
        await expect(decode(bytes, decoder, kernels), name).rejects.toMatchObject({
          code: 'IMAGE_TOO_LARGE',
        });
        const [result] = await pool.resize([file], [target(decoder)]);
        expect(result, name).toMatchObject({
          fault: { code: 'IMAGE_TOO_LARGE', reason: 'image-too-large' },
        });
      }
    }
    // Kilobytes; one of these decoded would take 800 MB to 17 GB.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
  });
});

describe('mutated JPEGs', () => {
  const COUNT = 10_000;
  const PHOTOS_A_JOB = 50;
  const JOBS_AT_ONCE = 4;
  const random = randomSource(10_000);

  /** One or two changes, all drawn from the index: bits, bytes, runs cut out, put twice or taken from another file. */
  function mutate(photos: readonly Buffer[], index: number): Buffer {
    let bytes = Buffer.from(photos[index % photos.length]!);
    const changes = 1 + random.integer(2, index, 'changes');
    for (let change = 0; change < changes; change++) {
      const draw = (bound: number, what: string) => random.integer(bound, index, change, what);
      // Half of all changes fall into the headers, which are a small part of a file.
      const at = draw(draw(2, 'where') === 0 ? Math.min(700, bytes.length) : bytes.length, 'at');
      const run = 1 + draw(40, 'run');
      switch (draw(6, 'kind')) {
        case 0:
          bytes[at]! ^= 1 << draw(8, 'bit');
          break;
        case 1:
          bytes[at] = [0, 0xff, 0x7f, 0x80, 0xd8, 0xd9, 0xda, 0xc4][draw(8, 'byte')]!;
          break;
        case 2:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + run)]);
          break;
        case 3:
          bytes = Buffer.concat([bytes.subarray(0, at + run), bytes.subarray(at)]);
          break;
        case 4: {
          const other = photos[draw(photos.length, 'other')]!;
          other.copy(bytes, at, draw(other.length, 'from'), other.length);
          break;
        }
        default:
          if (change === 0) bytes = bytes.subarray(0, at);
          else for (let i = 0; i < run; i++) bytes[at + i] = hash32(index, change, i) & 255;
      }
      if (bytes.length === 0) break;
    }
    return bytes;
  }

  it('each give pixels or a fault, and never end the process', async () => {
    const photo = sharp(await jpeg(5, { width: 48, height: 40 }));
    const plain = await Promise.all([
      photo.clone().jpeg({ quality: 80 }).toBuffer(),
      photo.clone().jpeg({ quality: 60, progressive: true }).toBuffer(),
      photo.clone().jpeg({ chromaSubsampling: '4:4:4', optimiseCoding: false }).toBuffer(),
      photo.clone().greyscale().jpeg().toBuffer(),
    ]);
    // Go through sharp, and colours are converted, which takes ten times as long: so there are fewer.
    const converted = await Promise.all([
      photo.clone().toColourspace('cmyk').jpeg().toBuffer(),
      photo.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      photo.clone().withIccProfile('p3').jpeg().toBuffer(),
    ]);
    const photos = [...plain, ...plain, ...plain, ...plain, ...plain, ...converted];
    const seen = new Map<string, number>();
    const job = async (first: number) => {
      const number = first / PHOTOS_A_JOB;
      const files = await Promise.all(
        Array.from({ length: PHOTOS_A_JOB }, async (_, index) => {
          const file = join(folder.path, `${number % JOBS_AT_ONCE}-${index}.jpg`);
          await writeFile(file, mutate(photos, first + index));
          return file;
        }),
      );
      const results = await pool.resize(files, [target(number % 8 === 7 ? 'sharp' : 'turbo')]);
      expect(results).toHaveLength(PHOTOS_A_JOB);
      for (const result of results) {
        const what = 'fault' in result ? result.fault.code : 'pixels';
        seen.set(what, (seen.get(what) ?? 0) + 1);
        if ('value' in result) expect(result.value.pixels[0]!.length).toBe(16 * 16 * 3);
      }
    };
    for (let first = 0; first < COUNT; first += PHOTOS_A_JOB * JOBS_AT_ONCE) {
      await Promise.all(
        Array.from({ length: JOBS_AT_ONCE }, (_, index) => job(first + index * PHOTOS_A_JOB)),
      );
    }
    expect([...seen.values()].reduce((sum, count) => sum + count, 0)).toBe(COUNT);
    expect([...seen.keys()].filter((what) => !/^(pixels|IMAGE_\w+)$/.test(what))).toEqual([]);
    // Both happen often: neither does every mutation break a file, nor does none.
    expect(seen.get('pixels')).toBeGreaterThan(500);
    expect(seen.get('IMAGE_DAMAGED')).toBeGreaterThan(500);
  }, 120_000);
});
