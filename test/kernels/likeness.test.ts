import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  COMPARED_SIDE,
  FINE_GRID,
  fineDifference,
  isSamePicture,
  meanColours,
} from '#src/kernels/likeness.js';
import { type PixelPool, pixelPool } from '#src/kernels/pixel-pool.js';
import { absent, SAMPLE, SHARED } from '../shared.js';

describe('meanColours', () => {
  it('averages each cell, and rounds', () => {
    const rgb = new Uint8Array(COMPARED_SIDE * COMPARED_SIDE * 3);
    for (let at = 0; at < rgb.length; at++) rgb[at] = at % 3 === 0 ? Math.floor(at / 3) % 256 : 7;
    const grid = meanColours(rgb, 2);
    // Columns 0..127 and 128..255 of a ramp over the width.
    expect([...grid]).toEqual([64, 7, 7, 192, 7, 7, 64, 7, 7, 192, 7, 7]);
  });
});

describe('isSamePicture', () => {
  const grid = (paint: (x: number, y: number) => number) =>
    Uint8Array.from({ length: FINE_GRID * FINE_GRID * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      return paint(pixel % FINE_GRID, Math.floor(pixel / FINE_GRID));
    });
  const photo = grid((x, y) => (x > 20 && x < 44 && y > 10 ? 90 : 250));

  it('allows what compressing again does: small noise everywhere', () => {
    const noisy = grid((x, y) => (x > 20 && x < 44 && y > 10 ? 90 : 250) + ((x * 7 + y * 3) % 5) - 2);
    expect(isSamePicture(fineDifference(photo, noisy))).toBe(true);
  });

  it('tells apart a small part of another tone', () => {
    const other = grid((x, y) => (x > 20 && x < 44 && y > 10 ? (x < 28 && y < 18 ? 100 : 90) : 250));
    expect(isSamePicture(fineDifference(photo, other))).toBe(false);
  });
});

describe.skipIf(absent(join(SHARED, 'near-duplicates')))('genuine photos and their re-encoded twins', () => {
  it('are the same picture in 98 of 100 cases, and different photos are not', async () => {
    const all = readdirSync(join(SHARED, 'near-duplicates'), { recursive: true, encoding: 'utf8' });
    const twins = all.filter((name) => name.endsWith('.jpg')).slice(0, 120);
    const original = (name: string) =>
      join(SAMPLE, 'images/small', basename(name).slice(0, 2), basename(name));
    const pairs = twins.map((name) => [original(name), join(SHARED, 'near-duplicates', name)] as const);
    expect(pairs.every(([a, b]) => existsSync(a) && existsSync(b))).toBe(true);
    const pool: PixelPool = pixelPool({ workers: 2 });
    try {
      const same = await pool.compare(pairs, 'turbo');
      expect(same.filter(Boolean).length).toBeGreaterThanOrEqual(0.98 * pairs.length);
      const shifted = pairs.map(([a], index) => [a, pairs[(index + 1) % pairs.length]![1]] as const);
      expect((await pool.compare(shifted, 'turbo')).filter(Boolean)).toEqual([]);
    } finally {
      await pool.close();
    }
  });
});
