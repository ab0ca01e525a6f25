// An affine warp with reflected borders and bilinear taps, four target pixels at a time. Loads reach up to a row and 8
// bytes past the photo (with weight 0), stores up to three pixels and 4 bytes past the result: the host leaves room.

/** Weights have 14 bits: a result is within 0.05 levels of exact arithmetic, and a plain photo stays exactly plain. */
const WEIGHT_BITS: i32 = 14;
const WEIGHT_ONE: i32 = 1 << WEIGHT_BITS;
const WEIGHT_MASK: i32 = WEIGHT_ONE - 1;
const MANTISSA_BITS: i32 = 23;
const MANTISSA: i32 = (1 << MANTISSA_BITS) - 1;
const PIXEL: usize = 12;

// A coordinate plus one half, mirrored at −0.5 and length − 0.5, minus the half, inside the photo. `near`: it lies within
// two lengths, where two absolute values mirror it; otherwise it is brought there first.
// @ts-ignore
@inline
function reflect(near: bool, at: v128, length: v128, perPeriod: v128, last: v128): v128 {
  if (!near) {
    const period = f32x4.add(length, length);
    at = f32x4.sub(at, f32x4.mul(period, f32x4.floor(f32x4.mul(at, perPeriod))));
  }
  const fromEnd = f32x4.abs(f32x4.sub(length, f32x4.abs(at)));
  const mirrored = f32x4.sub(f32x4.sub(length, f32x4.splat(0.5)), fromEnd);
  return f32x4.pmin(f32x4.pmax(mirrored, f32x4.splat(0)), last);
}

// Whether the four corners of the target, and so all of it, lie within two lengths of the source.
// @ts-ignore
@inline
function isNear(perColumn: f64, perRow: f64, start: f64, columns: i32, rows: i32, length: i32): bool {
  const right = perColumn * <f64>columns;
  const bottom = perRow * <f64>rows;
  const least = start + min(right, 0) + min(bottom, 0);
  const most = start + max(right, 0) + max(bottom, 0);
  return max(-least, most) + 1 <= 2 * <f64>length;
}

// Two rows of two neighbours, weighted: a pixel's channels times WEIGHT_ONE, as i32.
// @ts-ignore
@inline
function blend(at: usize, stride: usize, order: v128, upper: v128, lower: v128): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(i8x16.swizzle(v128.load64_zero(at), order), upper),
    i32x4.dot_i16x8_s(i8x16.swizzle(v128.load64_zero(at + stride), order), lower),
  );
}

// @ts-ignore
@inline
function put(out: usize, sums: v128, scale: v128, shift: v128): void {
  v128.store(out, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sums), scale), shift));
}

/**
 * Target pixel (column x, row y) is the source's colour at (a0 x + a1 y + a2, b0 x + b1 y + b2), bilinear, centres at
 * whole numbers. Coordinates become fixed-point numbers by one addition: c + 2^n has c in its mantissa where c < 2^n.
 * `channels` holds 4 × f32 scales, 4 × f32 shifts and the 16 bytes that say where the taps of each channel lie.
 */
export function warp(
  source: usize, width: i32, height: i32,
  target: usize, columns: i32, rows: i32,
  a0: f64, a1: f64, a2: f64, b0: f64, b1: f64, b2: f64,
  channels: usize,
): void {
  // The last group of a row goes on for three columns.
  if (isNear(a0, a1, a2, columns + 3, rows, width) && isNear(b0, b1, b2, columns + 3, rows, height)) {
    warpRows(true, source, width, height, target, columns, rows, a0, a1, a2, b0, b1, b2, channels);
  } else {
    warpRows(false, source, width, height, target, columns, rows, a0, a1, a2, b0, b1, b2, channels);
  }
}

// @ts-ignore
@inline
function warpRows(
  near: bool,
  source: usize, width: i32, height: i32,
  target: usize, columns: i32, rows: i32,
  a0: f64, a1: f64, a2: f64, b0: f64, b1: f64, b2: f64,
  channels: usize,
): void {
  const stride = <usize>width * 3;
  let bits = 0;
  while (1 << bits < max(width, height)) bits++;
  bits = max(bits, MANTISSA_BITS - WEIGHT_BITS);
  const magic = f32x4.splat(<f32>(1 << bits));
  const drop = MANTISSA_BITS - bits;
  const grow = WEIGHT_BITS - drop;
  const mantissa = i32x4.splat(MANTISSA);
  const mask = i32x4.splat(WEIGHT_MASK);
  const one = i32x4.splat(WEIGHT_ONE);
  const round = i32x4.splat(WEIGHT_ONE >> 1);
  const steps = i32x4.splat(<i32>stride << 16 | 3);
  const lengthX = f32x4.splat(<f32>width);
  const lengthY = f32x4.splat(<f32>height);
  const perPeriodX = f32x4.splat(<f32>(0.5 / <f64>width));
  const perPeriodY = f32x4.splat(<f32>(0.5 / <f64>height));
  const lastX = f32x4.splat(<f32>(width - 1));
  const lastY = f32x4.splat(<f32>(height - 1));
  const stepX = f32x4.splat(<f32>a0);
  const stepY = f32x4.splat(<f32>b0);
  const scale = f32x4.mul(v128.load(channels), f32x4.splat(<f32>(1.0 / <f64>WEIGHT_ONE)));
  const shift = v128.load(channels, 16);
  const order = v128.load(channels, 32);

  for (let y = 0; y < rows; y++) {
    const startX = f32x4.splat(<f32>(a1 * <f64>y + a2 + 0.5));
    const startY = f32x4.splat(<f32>(b1 * <f64>y + b2 + 0.5));
    let column = f32x4(0, 1, 2, 3);
    let out = target + <usize>y * <usize>columns * PIXEL;
    const end = out + <usize>columns * PIXEL;
    for (; out < end; out += 4 * PIXEL) {
      const x = reflect(near, f32x4.add(startX, f32x4.mul(column, stepX)), lengthX, perPeriodX, lastX);
      const v = reflect(near, f32x4.add(startY, f32x4.mul(column, stepY)), lengthY, perPeriodY, lastY);
      column = f32x4.add(column, f32x4.splat(4));
      const fixedX = v128.and(f32x4.add(x, magic), mantissa);
      const fixedY = v128.and(f32x4.add(v, magic), mantissa);
      const pair = v128.or(i32x4.shr_u(fixedX, drop), i32x4.shl(i32x4.shr_u(fixedY, drop), 16));
      const offsets = i32x4.dot_i16x8_s(pair, steps);
      const right = v128.and(i32x4.shl(fixedX, grow), mask);
      const below = v128.and(i32x4.shl(fixedY, grow), mask);
      // The four weights sum to WEIGHT_ONE exactly.
      const corner = i32x4.shr_u(i32x4.add(i32x4.dot_i16x8_s(right, below), round), WEIGHT_BITS);
      const upperRight = i32x4.sub(right, corner);
      const upper = v128.or(i32x4.sub(i32x4.sub(one, below), upperRight), i32x4.shl(upperRight, 16));
      const lower = v128.or(i32x4.sub(below, corner), i32x4.shl(corner, 16));
      put(out, blend(source + i32x4.extract_lane(offsets, 0), stride, order,
        i32x4.shuffle(upper, upper, 0, 0, 0, 0), i32x4.shuffle(lower, lower, 0, 0, 0, 0)), scale, shift);
      put(out + PIXEL, blend(source + i32x4.extract_lane(offsets, 1), stride, order,
        i32x4.shuffle(upper, upper, 1, 1, 1, 1), i32x4.shuffle(lower, lower, 1, 1, 1, 1)), scale, shift);
      put(out + 2 * PIXEL, blend(source + i32x4.extract_lane(offsets, 2), stride, order,
        i32x4.shuffle(upper, upper, 2, 2, 2, 2), i32x4.shuffle(lower, lower, 2, 2, 2, 2)), scale, shift);
      put(out + 3 * PIXEL, blend(source + i32x4.extract_lane(offsets, 3), stride, order,
        i32x4.shuffle(upper, upper, 3, 3, 3, 3), i32x4.shuffle(lower, lower, 3, 3, 3, 3)), scale, shift);
    }
  }
}
