import { frequencyHash } from './perceptual-hash.js';
import type { Size } from './resize.js';

/** A place in a photo that is found again where the photo is cut, at whatever size. */
export interface Landmark {
  /** Its middle, and how large it is, in pixels of the grey photo. */
  x: number;
  y: number;
  scale: number;
  /** 64-bit hash of what lies around it, 16 hex digits. */
  hash: string;
}

/** The longer side of the grey photo that landmarks are looked for in. */
export const LANDMARK_SIDE = 128;
/** The strongest of a photo. */
const MOST_LANDMARKS = 48;
/** Lowe (2004): three scales an octave, the first of 1.6 pixels. */
const SCALES = 3;
const FIRST_SCALE = 1.6;
/** What the means of pixels are blurred by already. */
const OWN_BLUR = 0.6;
const SMALLEST_SIDE = 12;
/** Levels by which a spot must differ from its surroundings; weaker ones are a compression's. */
const LEAST_RESPONSE = 0.6;
/** A spot that is so many times longer than wide is an edge, and may lie anywhere along it. */
const MOST_RATIO = 20;
/** The square that is hashed is so many scales wide, and sampled so many times a side. */
const PATCH_SCALES = 6;
const PATCH_SAMPLES = 16;

interface Plane extends Size {
  values: Float32Array;
}

/**
 * The strongest extrema of a photo's difference of Gaussians (Lowe 2004, Distinctive image features from scale-invariant
 * keypoints), each with a perceptual hash of the square around it: photos are cut and scaled but not turned, so it has no
 * direction. Squares that reach over the border have no hash, since a cut-out's border is elsewhere.
 * @param values grey levels in rows.
 * @returns strongest first.
 */
export function landmarks({ values, width, height }: Plane): Landmark[] {
  const found: (Spot & { plane: Plane; step: number })[] = [];
  let first = blurred({ values, width, height }, Math.sqrt(FIRST_SCALE ** 2 - OWN_BLUR ** 2));
  for (let step = 1; Math.min(first.width, first.height) >= SMALLEST_SIDE; step *= 2) {
    const planes = [first];
    for (let at = 1; at < SCALES + 3; at++) {
      const more = Math.sqrt(scaleOf(at) ** 2 - scaleOf(at - 1) ** 2);
      planes.push(blurred(planes[at - 1]!, more));
    }
    const differences = planes.slice(1).map((plane, at) => difference(plane, planes[at]!));
    for (let level = 1; level <= SCALES; level++) {
      const [below, here, above] = differences.slice(level - 1, level + 2) as [Plane, Plane, Plane];
      for (const spot of spots(below, here, above)) {
        found.push({ ...spot, scale: scaleOf(level + spot.scale), plane: planes[level - 1]!, step });
      }
    }
    first = halved(planes[SCALES]!);
  }
  found.sort((a, b) => b.response - a.response);
  const kept: Landmark[] = [];
  for (const { x, y, scale, plane, step } of found) {
    if (kept.length === MOST_LANDMARKS) break;
    const half = (PATCH_SCALES * scale) / 2;
    if (x < half || y < half || x > plane.width - half || y > plane.height - half) continue;
    kept.push({ x: x * step, y: y * step, scale: scale * step, hash: patchHash(plane, x, y, 2 * half) });
  }
  return kept;
}

function scaleOf(level: number): number {
  return FIRST_SCALE * 2 ** (level / SCALES);
}

interface Spot {
  x: number;
  y: number;
  /** Levels above the middle one, -0.5..0.5. */
  scale: number;
  response: number;
}

/** Cells that lie above, or below, all their 26 neighbours in place and scale. */
function spots(below: Plane, here: Plane, above: Plane): Spot[] {
  const { width, height, values } = here;
  const found: Spot[] = [];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const value = values[at]!;
      if (Math.abs(value) < LEAST_RESPONSE || !stands(here.values, at, width, value, true)) continue;
      if (!stands(below.values, at, width, value) || !stands(above.values, at, width, value)) continue;
      if (isEdge(values, at, width)) continue;
      found.push({
        x: x + 0.5 + peak(values[at - 1]!, value, values[at + 1]!),
        y: y + 0.5 + peak(values[at - width]!, value, values[at + width]!),
        scale: peak(below.values[at]!, value, above.values[at]!),
        response: Math.abs(value),
      });
    }
  }
  return found;
}

/** Whether a value lies beyond the nine around a place, or the eight around its own. */
function stands(values: Float32Array, at: number, width: number, value: number, own = false): boolean {
  const sign = Math.sign(value);
  for (let row = at - width; row <= at + width; row += width) {
    for (let cell = row - 1; cell <= row + 1; cell++) {
      if (sign * values[cell]! >= sign * value && !(own && cell === at)) return false;
    }
  }
  return true;
}

/** By the ratio of the curvatures. */
function isEdge(values: Float32Array, at: number, width: number): boolean {
  const twice = 2 * values[at]!;
  const xx = values[at + 1]! + values[at - 1]! - twice;
  const yy = values[at + width]! + values[at - width]! - twice;
  const xy =
    (values[at + width + 1]! - values[at + width - 1]! - values[at - width + 1]! + values[at - width - 1]!) /
    4;
  const determinant = xx * yy - xy * xy;
  return determinant <= 0 || (xx + yy) ** 2 > (determinant * (MOST_RATIO + 1) ** 2) / MOST_RATIO;
}

/** Where the parabola through three values has its extremum, at most half a step from the middle one. */
function peak(before: number, value: number, after: number): number {
  const curvature = before + after - 2 * value;
  if (curvature === 0) return 0;
  return Math.max(-0.5, Math.min(0.5, (before - after) / (2 * curvature)));
}

const patch = new Float64Array(PATCH_SAMPLES * PATCH_SAMPLES);

function patchHash({ values, width, height }: Plane, x: number, y: number, side: number): string {
  for (let row = 0; row < PATCH_SAMPLES; row++) {
    const atY = y + ((row + 0.5) / PATCH_SAMPLES - 0.5) * side - 0.5;
    const top = Math.min(Math.max(Math.floor(atY), 0), height - 2);
    const down = Math.min(Math.max(atY - top, 0), 1);
    for (let column = 0; column < PATCH_SAMPLES; column++) {
      const atX = x + ((column + 0.5) / PATCH_SAMPLES - 0.5) * side - 0.5;
      const left = Math.min(Math.max(Math.floor(atX), 0), width - 2);
      const right = Math.min(Math.max(atX - left, 0), 1);
      const at = top * width + left;
      const upper = (1 - right) * values[at]! + right * values[at + 1]!;
      const lower = (1 - right) * values[at + width]! + right * values[at + width + 1]!;
      patch[row * PATCH_SAMPLES + column] = (1 - down) * upper + down * lower;
    }
  }
  return frequencyHash(patch, PATCH_SAMPLES);
}

/** Gaussian blur, the border repeated. */
function blurred({ values, width, height }: Plane, sigma: number): Plane {
  const radius = Math.ceil(3 * sigma);
  const weights = Float32Array.from({ length: radius + 1 }, (_, at) =>
    Math.exp(-(at ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((total, weight, at) => total + (at === 0 ? weight : 2 * weight), 0);
  for (let at = 0; at <= radius; at++) weights[at]! /= sum;
  const across = new Float32Array(values.length);
  const line = new Float32Array(width + 2 * radius);
  for (let row = 0; row < values.length; row += width) {
    line.fill(values[row]!, 0, radius);
    line.set(values.subarray(row, row + width), radius);
    line.fill(values[row + width - 1]!, radius + width);
    for (let x = 0; x < width; x++) {
      const middle = x + radius;
      let total = weights[0]! * line[middle]!;
      for (let by = 1; by <= radius; by++) total += weights[by]! * (line[middle - by]! + line[middle + by]!);
      across[row + x] = total;
    }
  }
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const row = out.subarray(y * width, (y + 1) * width);
    for (let by = -radius; by <= radius; by++) {
      const from = Math.min(Math.max(y + by, 0), height - 1) * width;
      const weight = weights[Math.abs(by)]!;
      for (let x = 0; x < width; x++) row[x]! += weight * across[from + x]!;
    }
  }
  return { values: out, width, height };
}

function difference(a: Plane, b: Plane): Plane {
  return { ...a, values: a.values.map((value, at) => value - b.values[at]!) };
}

/** Means of four, so that places keep their share of the sides. */
function halved({ values, width, height }: Plane): Plane {
  const [across, down] = [width >> 1, height >> 1];
  const out = new Float32Array(across * down);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const at = 2 * (y * width + x);
      out[y * across + x] =
        (values[at]! + values[at + 1]! + values[at + width]! + values[at + width + 1]!) / 4;
    }
  }
  return { values: out, width: across, height: down };
}
