// Pixel inner loops over a memory that the host owns. Source pixels are RGBX (4 bytes), results RGB (3 bytes).
// Between the passes a channel is a 16-bit integer, 128 to a level; weights have 15 bits, so that the result is within
// 0.02 levels of exact arithmetic before it is rounded.

const LEVEL_BITS: i32 = 7;
const HALF: i16 = 64;
const WEIGHT_ONE: f32 = 32768;

/** Two target pixels: offsets of their left and right neighbours (4 × u32), then their weights (8 × i16). */
const PAIR: usize = 32;
/** A target pixel of a stretched row: 4 × i16. */
const PIXEL: usize = 8;

// One source row at the target's columns, two pixels at a time.
function stretchRow(row: usize, columns: usize, width: i32, target: usize): void {
  let entry = columns;
  const end = target + <usize>width * PIXEL;
  for (let out = target; out < end; out += 2 * PIXEL) {
    const left = v128.load32_lane(row + load<u32>(entry, 8), v128.load32_zero(row + load<u32>(entry)), 1);
    const right = v128.load32_lane(row + load<u32>(entry, 12), v128.load32_zero(row + load<u32>(entry, 4)), 1);
    const from = i16x8.extend_low_i8x16_u(left);
    const step = i16x8.sub(i16x8.extend_low_i8x16_u(right), from);
    const moved = i16x8.q15mulr_sat_s(i16x8.shl(step, LEVEL_BITS), v128.load(entry, 16));
    v128.store(out, i16x8.add(i16x8.shl(from, LEVEL_BITS), moved));
    entry += PAIR;
  }
}

/** A weight in 0..1 as a fixed-point number; 1 itself is one step too large for 16 bits. */
// @ts-ignore
@inline
function weight(fraction: f32): i16 {
  return <i16>min<i32>(<i32>Mathf.round(fraction * WEIGHT_ONE), 32767);
}

/**
 * Bilinear with half-pixel centres: the pixel centre (i + 0.5) of the target lies at (i + 0.5) * scale of the source;
 * neighbours outside are clamped, results rounded. `scratch` has room for 32 bytes a target column, rounded up to a
 * multiple of four. The last store writes up to 16 bytes past the result.
 */
export function bilinear(
  source: usize, sourceWidth: i32, sourceHeight: i32,
  target: usize, width: i32, height: i32,
  scratch: usize,
): void {
  const padded = (width + 3) & ~3;
  const columns = scratch;
  let upper = columns + (<usize>padded >> 1) * PAIR;
  let lower = upper + <usize>padded * PIXEL;
  const scaleX = <f32>sourceWidth / <f32>width;
  for (let x = 0; x < padded; x++) {
    const at = (<f32>min(x, width - 1) + 0.5) * scaleX - 0.5;
    const floor = Mathf.floor(at);
    const entry = columns + (<usize>x >> 1) * PAIR + (<usize>(x & 1) << 3);
    store<u32>(entry, max(<i32>floor, 0) << 2);
    store<u32>(entry, min(<i32>floor + 1, sourceWidth - 1) << 2, 4);
    store<i64>(entry, i64x2.extract_lane(i16x8.splat(weight(at - floor)), 0), 16);
  }
  const stride = (<usize>sourceWidth) << 2;
  const scaleY = <f32>sourceHeight / <f32>height;
  const half = i16x8.splat(HALF);
  let upperRow = -1;
  let lowerRow = -1;
  for (let y = 0; y < height; y++) {
    const at = (<f32>y + 0.5) * scaleY - 0.5;
    const floor = Mathf.floor(at);
    const top = max(<i32>floor, 0);
    const bottom = min(<i32>floor + 1, sourceHeight - 1);
    if (upperRow != top) {
      if (lowerRow == top) {
        const swap = upper; upper = lower; lower = swap;
        lowerRow = upperRow;
      } else stretchRow(source + (<usize>top) * stride, columns, padded, upper);
      upperRow = top;
    }
    if (lowerRow != bottom) {
      stretchRow(source + (<usize>bottom) * stride, columns, padded, lower);
      lowerRow = bottom;
    }
    const share = i16x8.splat(weight(at - floor));
    let out = target + <usize>y * <usize>width * 3;
    for (let offset: usize = 0; offset < <usize>padded * PIXEL; offset += 4 * PIXEL) {
      const above0 = v128.load(upper + offset);
      const above1 = v128.load(upper + offset, 16);
      const mixed0 = i16x8.add(above0, i16x8.q15mulr_sat_s(i16x8.sub(v128.load(lower + offset), above0), share));
      const mixed1 = i16x8.add(above1, i16x8.q15mulr_sat_s(i16x8.sub(v128.load(lower + offset, 16), above1), share));
      const bytes = i8x16.narrow_i16x8_u(
        i16x8.shr_s(i16x8.add(mixed0, half), LEVEL_BITS),
        i16x8.shr_s(i16x8.add(mixed1, half), LEVEL_BITS),
      );
      // RGBX × 4 → RGB × 4; the four bytes after them are written over by what comes next.
      v128.store(out, i8x16.shuffle(bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0));
      out += 12;
    }
  }
}
