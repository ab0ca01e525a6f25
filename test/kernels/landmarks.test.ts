import { expect, it } from 'vitest';
import { type Landmark, landmarks } from '#src/kernels/landmarks.js';

/** Round spots of several sizes on grey, each with a darker one beside it so that its surroundings are its own. */
const SPOTS = [
  { x: 40, y: 44, radius: 6, level: 230 },
  { x: 84, y: 38, radius: 9, level: 20 },
  { x: 60, y: 86, radius: 5, level: 10 },
  { x: 96, y: 92, radius: 7, level: 240 },
] as const;

function drawing(width: number, height: number, from = { x: 0, y: 0 }, scale = 1) {
  const values = Float32Array.from({ length: width * height }, (_, at) => {
    const x = from.x + (at % width) / scale;
    const y = from.y + Math.floor(at / width) / scale;
    let level = 128 + 0.3 * x - 0.2 * y;
    for (const spot of SPOTS) {
      const share = Math.min(Math.max(spot.radius + 0.5 - Math.hypot(x - spot.x, y - spot.y), 0), 1);
      level += share * (spot.level - level);
    }
    return level;
  });
  return { values, width, height };
}

const nearest = (marks: readonly Landmark[], x: number, y: number) =>
  marks.toSorted((a, b) => Math.hypot(a.x - x, a.y - y) - Math.hypot(b.x - x, b.y - y))[0]!;

it('stand in the middle of spots, as large as these', () => {
  const marks = landmarks(drawing(128, 128));
  for (const { x, y, radius } of SPOTS) {
    const mark = nearest(marks, x, y);
    expect(Math.hypot(mark.x - x, mark.y - y)).toBeLessThan(1.5);
    // A disc answers best to a Gaussian of its radius divided by √2.
    expect(mark.scale / (radius / Math.SQRT2)).toBeGreaterThan(0.7);
    expect(mark.scale / (radius / Math.SQRT2)).toBeLessThan(1.5);
  }
});

it('are found again where the photo is cut and blown up', () => {
  const whole = landmarks(drawing(128, 128));
  const cut = landmarks(drawing(128, 128, { x: 16, y: 12 }, 1.25));
  for (const { x, y } of SPOTS.slice(0, 3)) {
    const before = nearest(whole, x, y);
    const after = nearest(cut, 1.25 * (x - 16), 1.25 * (y - 12));
    expect(Math.hypot(after.x / 1.25 + 16 - before.x, after.y / 1.25 + 12 - before.y)).toBeLessThan(1.5);
    expect(after.scale / before.scale).toBeCloseTo(1.25, 0);
  }
});

it('are not in a photo without any, nor in one of a few pixels', () => {
  const plain = { values: new Float32Array(128 * 128).fill(200), width: 128, height: 128 };
  expect(landmarks(plain)).toEqual([]);
  expect(landmarks({ values: new Float32Array(4).fill(1), width: 2, height: 2 })).toEqual([]);
});
