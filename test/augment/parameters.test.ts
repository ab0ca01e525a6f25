import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Box } from '#src/augment/box.js';
import { augmentationOf, UNCHANGED } from '#src/augment/parameters.js';
import { augmentationSchema } from '#src/augment/schema.js';

const V2 = augmentationSchema.parse({
  rotation: 0.2,
  translation: 0.2,
  zoom: [0.2, 0.3],
  flip: 'horizontal',
});
const EVERYTHING = augmentationSchema.parse({
  ...V2,
  flip: 'horizontal_and_vertical',
  brightness: 0.1,
  contrast: [0.3, 0.5],
  hue: [0.1, 0.2],
  crop: 0.5,
  cutout: { probability: 0.5, scale: [0.02, 0.3], fill: 10 },
});

const viewKey = fc.record({
  seed: fc.integer(),
  epoch: fc.nat(1000),
  key: fc.oneof(fc.nat(), fc.string()),
  view: fc.nat(10),
});
const many = Array.from({ length: 4000 }, (_, key) => augmentationOf(EVERYTHING, { seed: 1, epoch: 2, key }));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;

function expectInside({ left, top, width, height }: Box) {
  expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
  expect(Math.max(left + width, top + height)).toBeLessThanOrEqual(1 + 1e-12);
}

describe('augmentationOf', () => {
  it('stays within the ranges for any seed, epoch, photo and view', () => {
    fc.assert(
      fc.property(viewKey, (key) => {
        const view = augmentationOf(EVERYTHING, key);
        expect(Math.abs(view.rotation)).toBeLessThanOrEqual(0.2);
        expect(Math.abs(view.translation.x)).toBeLessThanOrEqual(0.2);
        expect(Math.abs(view.translation.y)).toBeLessThanOrEqual(0.2);
        expect(view.zoom).toBeGreaterThanOrEqual(1.2);
        expect(view.zoom).toBeLessThanOrEqual(1.3);
        expect(Math.abs(view.brightness)).toBeLessThanOrEqual(25.5);
        expect(view.contrast).toBeGreaterThanOrEqual(0.7);
        expect(view.contrast).toBeLessThanOrEqual(1.5);
        expect(Math.abs(view.hue)).toBeGreaterThanOrEqual(0.05);
        expect(Math.abs(view.hue)).toBeLessThanOrEqual(0.1);
        expectInside(view.crop);
        if (view.cutout !== undefined) {
          expectInside(view.cutout);
          expect(view.cutout.level).toBe(10);
        }
      }),
    );
  });

  it('uses the whole of each range, evenly', () => {
    const all: [number[], number, number][] = [
      [many.map(({ rotation }) => rotation), -0.2, 0.2],
      [many.map(({ translation }) => translation.x), -0.2, 0.2],
      [many.map(({ translation }) => translation.y), -0.2, 0.2],
      [many.map(({ zoom }) => zoom), 1.2, 1.3],
      [many.map(({ brightness }) => brightness), -25.5, 25.5],
      [many.map(({ contrast }) => contrast), 0.7, 1.5],
      [many.map(({ hue }) => Math.abs(hue)), 0.05, 0.1],
    ];
    for (const [values, low, high] of all) {
      const tolerance = 0.02 * (high - low);
      expect(spread(values)[0]).toBeLessThan(low + tolerance);
      expect(spread(values)[1]).toBeGreaterThan(high - tolerance);
      expect(Math.abs(mean(values) - (low + high) / 2)).toBeLessThan(tolerance);
    }
    const halves = [
      many.map(({ flip }) => flip.horizontal),
      many.map(({ flip }) => flip.vertical),
      many.map(({ hue }) => hue > 0),
      many.map(({ cutout }) => cutout !== undefined),
    ];
    for (const half of halves) expect(Math.abs(mean(half.map(Number)) - 0.5)).toBeLessThan(0.03);
  });

  it('draws each part for itself', () => {
    const parts = [
      many.map(({ rotation }) => rotation / 0.2),
      many.map(({ translation }) => translation.x / 0.2),
      many.map(({ translation }) => translation.y / 0.2),
      many.map(({ zoom }) => (zoom - 1.25) / 0.05),
      many.map(({ flip }) => (flip.horizontal ? 1 : -1)),
      many.map(({ flip }) => (flip.vertical ? 1 : -1)),
    ];
    for (const [index, a] of parts.entries()) {
      for (const b of parts.slice(index + 1)) {
        expect(Math.abs(mean(a.map((value, at) => value * b[at]!)))).toBeLessThan(0.05);
      }
    }
  });

  it('crops with the share of the area, and sides of 3/4 to 4/3 of the photo’s', () => {
    for (const { crop } of many.filter(({ crop: { width, height } }) => Math.max(width, height) < 1)) {
      expect(crop.width * crop.height).toBeGreaterThanOrEqual(0.5 - 1e-12);
      expect(crop.width / crop.height).toBeGreaterThanOrEqual(0.75 - 1e-12);
      expect(crop.width / crop.height).toBeLessThanOrEqual(4 / 3 + 1e-12);
    }
    expect(mean(many.map(({ crop }) => crop.left + crop.width / 2))).toBeCloseTo(0.5, 1);
  });

  it('is a function of seed, epoch, photo and view, and of each of them', () => {
    const key = { seed: 1, epoch: 2, key: 3, view: 4 };
    const first = augmentationOf(V2, key);
    expect(augmentationOf(V2, { ...key })).toEqual(first);
    for (const other of [{ seed: 2 }, { epoch: 3 }, { key: 4 }, { key: '3' }, { view: 5 }]) {
      expect(augmentationOf(V2, { ...key, ...other }).rotation).not.toBe(first.rotation);
    }
    const { view: _, ...unnumbered } = key;
    expect(augmentationOf(V2, unnumbered)).toEqual(augmentationOf(V2, { ...key, view: 0 }));
  });

  it('leaves the draws of the other parts alone when a recipe gains one', () => {
    const key = { seed: 1, epoch: 2, key: 3 };
    const { hue: _, ...without } = EVERYTHING;
    expect({ ...augmentationOf(without, key), hue: augmentationOf(EVERYTHING, key).hue }).toEqual(
      augmentationOf(EVERYTHING, key),
    );
  });

  it('changes nothing where nothing is asked', () => {
    expect(augmentationOf({}, { seed: 1, epoch: 1, key: 1 })).toEqual(UNCHANGED);
  });
});
