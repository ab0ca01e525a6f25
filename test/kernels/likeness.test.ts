import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FINE_GRID, isSamePicture } from '#src/kernels/likeness.js';
import { type PixelPool, pixelPool } from '#src/kernels/pixel-pool.js';
import { absent, SAMPLE, SHARED } from '../shared.js';

describe('isSamePicture', () => {
  const grid = (paint: (x: number, y: number) => number) =>
    Uint8Array.from({ length: FINE_GRID * FINE_GRID * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      return paint(pixel % FINE_GRID, Math.floor(pixel / FINE_GRID));
    });
  const photo = grid((x, y) => (x > 20 && x < 44 && y > 10 ? 90 : 250));

  it('allows what compressing again does: small noise everywhere', () => {
    const noisy = grid((x, y) => (x > 20 && x < 44 && y > 10 ? 90 : 250) + ((x * 7 + y * 3) % 5) - 2);
    expect(isSamePicture(photo, noisy)).toBe(true);
  });

  it('tells apart a small part of another tone', () => {
    const other = grid((x, y) => (x > 20 && x < 44 && y > 10 ? (x < 28 && y < 18 ? 100 : 90) : 250));
    expect(isSamePicture(photo, other)).toBe(false);
  });
});

describe.skipIf(absent(join(SHARED, 'near-duplicates')))('genuine photos and their re-encoded twins', () => {
  it('are the same picture in 98 of 100 cases, and different photos are not', async () => {
    const all = readdirSync(join(SHARED, 'near-duplicates'), { recursive: true, encoding: 'utf8' });
    const twins = all.filter((name) => name.endsWith('.jpg')).slice(0, 120);
    const original = (name: string) =>
      join(SAMPLE, 'images/small', basename(name).slice(0, 2), basename(name));
    const pairs = twins.map(
      (name) => ({ as: 'picture', a: original(name), b: join(SHARED, 'near-duplicates', name) }) as const,
    );
    expect(pairs.every(({ a, b }) => existsSync(a) && existsSync(b))).toBe(true);
    const pool: PixelPool = pixelPool({ workers: 2 });
    try {
      const same = await pool.compare(pairs, 'turbo');
      expect(same.filter(Boolean).length).toBeGreaterThanOrEqual(0.98 * pairs.length);
      const shifted = pairs.map(({ as, a }, index) => ({ as, a, b: pairs[(index + 1) % pairs.length]!.b }));
      expect((await pool.compare(shifted, 'turbo')).filter(Boolean)).toEqual([]);
    } finally {
      await pool.close();
    }
  });
});

it('says the same of two photos in either order', () => {
  const noise = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 97, maxLength: 97 });
  let same = 0;
  fc.assert(
    fc.property(noise, fc.integer({ min: 0, max: 40 }), (difference, edge) => {
      const bytes = 3 * FINE_GRID * FINE_GRID;
      const a = Uint8Array.from({ length: bytes }, (_, at) =>
        Math.floor(at / 3) % FINE_GRID < edge ? 40 : 220,
      );
      const b = a.map((level, at) => level + difference[at % 97]!);
      expect(isSamePicture(a, b)).toBe(isSamePicture(b, a));
      if (isSamePicture(a, b)) same += 1;
      // Moved by half a pixel, which blurs an edge, it is the same picture whichever of them is.
      const moved = a.map((level, at) => Math.round(0.875 * level + 0.125 * a[Math.max(at % 3, at - 3)]!));
      expect([isSamePicture(a, moved), isSamePicture(moved, a)]).toEqual([true, true]);
    }),
  );
  expect(same).toBeGreaterThan(0);
});
